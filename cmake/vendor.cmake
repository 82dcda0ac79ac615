# Third-party libraries, the compiler's settings, and the light precompiled header that every target shares.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0.14 REQUIRED)  # before it, SSL_free_buffers could free what was in use (CVE-2024-4741)
find_package(CURL REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
pkg_check_modules(psl REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion "SHELL:-Xclang -fno-pch-timestamp")
add_link_options(-fuse-ld=mold)
if(LINTEL_SANITIZE)
  add_compile_options(-fsanitize=${LINTEL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LINTEL_SANITIZE})
endif()

# The precompiled header carries what nearly every source includes.
file(WRITE ${CMAKE_BINARY_DIR}/light_pch.cpp "")
add_library(vendor STATIC ${CMAKE_BINARY_DIR}/light_pch.cpp)
target_compile_definitions(vendor PUBLIC BOOST_ERROR_CODE_HEADER_ONLY)
target_link_libraries(vendor PUBLIC Boost::headers Threads::Threads)
target_precompile_headers(vendor PRIVATE ${CMAKE_SOURCE_DIR}/cmake/light_pch.hpp)
