# lintel_floor(NAME PUBLIC lower floors… PRIVATE libraries…): the folder NAME as one static library.
function(lintel_floor name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp ${CMAKE_SOURCE_DIR}/${name}/*/*.cpp)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/app/main.cpp)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC vendor ${ARGN})
  target_precompile_headers(${name} REUSE_FROM vendor)
endfunction()
