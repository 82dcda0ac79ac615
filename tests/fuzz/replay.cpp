// Runs a fuzz target over the files of its seed corpus, where it is built without libFuzzer.

#include "tests/fuzz/target.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

int main(int count, char** arguments)
{
    int replayed = 0;
    for (int i = 1; i < count; ++i) {
        for (const auto& seed : std::filesystem::directory_iterator(arguments[i])) {
            std::ifstream file(seed.path(), std::ios::binary);
            std::string bytes(std::istreambuf_iterator<char>(file), {});
            std::printf("%s\n", seed.path().c_str());
            std::fflush(stdout);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
            ++replayed;
        }
    }
    return replayed > 0 ? 0 : 1;
}
