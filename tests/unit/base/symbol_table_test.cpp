// SPDX-License-Identifier: BSD-3-Clause
#include "base/symbol_table.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

int chkpt_test_variable[3] = {1, 2, 3};
thread_local long chkpt_test_of_thread = 5;

namespace chkpt {
namespace {

const Symbol* find(const SymbolTable& table, const std::string& name) {
  const auto found = std::find_if(table.variables.begin(), table.variables.end(),
                                  [&](const Symbol& symbol) { return symbol.name == name; });
  return found == table.variables.end() ? nullptr : &*found;
}

TEST(SymbolTableTest, variables_of_the_program_lie_where_it_says) {
  const std::vector<LoadedImage> images = loaded_images();
  // The program's path is not known to the loader.
  EXPECT_TRUE(read_symbol_table(images.front()).is_stripped);
  dl_phdr_info info{};
  info.dlpi_name = "/proc/self/exe";
  info.dlpi_addr = images.front().base();
  const ByteView headers = images.front().headers();
  info.dlpi_phdr = reinterpret_cast<const ElfW(Phdr)*>(headers.data);
  info.dlpi_phnum = static_cast<ElfW(Half)>(headers.size / sizeof(ElfW(Phdr)));
  const SymbolTable table = read_symbol_table(LoadedImage(info));
  ASSERT_FALSE(table.is_stripped);
  const Symbol* variable = find(table, "chkpt_test_variable");
  ASSERT_NE(variable, nullptr);
  EXPECT_EQ(variable->begin, reinterpret_cast<std::uintptr_t>(chkpt_test_variable));
  EXPECT_EQ(variable->size, sizeof chkpt_test_variable);
  EXPECT_FALSE(variable->is_of_thread);
  const Symbol* of_thread = find(table, "chkpt_test_of_thread");
  ASSERT_NE(of_thread, nullptr);
  EXPECT_TRUE(of_thread->is_of_thread);
  const AddressRange block = images.front().thread_block();
  EXPECT_EQ(block.begin + of_thread->begin,
            reinterpret_cast<std::uintptr_t>(&chkpt_test_of_thread));
}

TEST(SymbolTableTest, a_file_of_another_library_tells_nothing) {
  const std::vector<LoadedImage> images = loaded_images();
  const auto libm = std::find_if(images.begin(), images.end(), [](const LoadedImage& image) {
    return image.path().find("/libm.so") != std::string::npos;
  });
  ASSERT_NE(libm, images.end());
  dl_phdr_info info{};
  info.dlpi_name = "/proc/self/exe";
  info.dlpi_addr = libm->base();
  info.dlpi_phdr = reinterpret_cast<const ElfW(Phdr)*>(libm->headers().data);
  info.dlpi_phnum = static_cast<ElfW(Half)>(libm->headers().size / sizeof(ElfW(Phdr)));
  const SymbolTable table = read_symbol_table(LoadedImage(info));
  EXPECT_TRUE(table.is_stripped);
  EXPECT_TRUE(table.variables.empty());
  EXPECT_EQ(table.identity, read_symbol_table(LoadedImage(info)).identity);
  EXPECT_NE(table.identity, read_symbol_table(images.front()).identity);
}

TEST(SymbolTableTest, names_of_cplusplus_are_readable) {
  EXPECT_EQ(readable_symbol("_ZGVZ4drawvE5other"), "guard variable for draw()::other");
  EXPECT_EQ(readable_symbol("calls"), "calls");
  EXPECT_EQ(readable_symbol("i"), "i");  // not "int"
}

TEST(LoadedImagesTest, what_a_library_is_linked_to_has_its_name) {
  const std::vector<LoadedImage> images = loaded_images();
  const std::vector<std::string> needed = images.front().linked_to();
  EXPECT_NE(std::find(needed.begin(), needed.end(), "libc.so.6"), needed.end());
  EXPECT_TRUE(std::any_of(images.begin(), images.end(), [](const LoadedImage& image) {
    return image.shared_name() == "libc.so.6" && image.holds_text("GNU C Library");
  }));
}

}  // namespace
}  // namespace chkpt
