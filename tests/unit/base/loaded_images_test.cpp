// SPDX-License-Identifier: BSD-3-Clause
#include "base/loaded_images.hpp"

#include <cstdint>
#include <string>

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace chkpt {
namespace {

int g_variable = 1;
const int kConstant = 1;

std::uintptr_t address(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }
std::uintptr_t address(void (*function)()) { return reinterpret_cast<std::uintptr_t>(function); }
void function() {}

TEST(LoadedImagesTest, the_program_is_first_and_holds_its_code_and_variables) {
  const std::vector<LoadedImage> images = loaded_images();
  ASSERT_FALSE(images.empty());
  const LoadedImage& program = images.front();
  EXPECT_EQ(program.path(), "");
  for (const std::uintptr_t place :
       {address(&g_variable), address(&kConstant), address(function)}) {
    EXPECT_EQ(image_at(images, place), &program);
    EXPECT_TRUE(program.segment_at(place).contains(place));
    EXPECT_TRUE(program.all().contains(place));
  }
  const int local = 1;
  EXPECT_EQ(image_at(images, address(&local)), nullptr);
}

TEST(LoadedImagesTest, only_variables_are_data) {
  const LoadedImage program = loaded_images().front();
  EXPECT_TRUE(program.data().contains(address(&g_variable)));
  EXPECT_FALSE(program.data().contains(address(&kConstant)));
  EXPECT_FALSE(program.data().contains(address(function)));
  EXPECT_FALSE(program.data().contains(address(program.dynamic())));
}

TEST(LoadedImagesTest, a_library_is_found_by_its_path_its_handle_and_its_functions) {
  const auto is_libm = [](const std::string& path) {
    return path.find("/libm.so") != std::string::npos;
  };
  const std::vector<void*> found = functions_named("remquo", is_libm);
  ASSERT_EQ(found.size(), 1U);
  const std::vector<LoadedImage> images = loaded_images();
  const LoadedImage* libm = image_at(images, address(found.front()));
  ASSERT_NE(libm, nullptr);
  EXPECT_TRUE(is_libm(libm->path()));
  EXPECT_FALSE(libm->build_id().empty());
  EXPECT_EQ(loaded_image(libm->path())->base(), libm->base());
  EXPECT_FALSE(loaded_image("/no/such.so"));
  void* const handle = ::dlopen(libm->path().c_str(), RTLD_LAZY | RTLD_NOLOAD);
  EXPECT_EQ(path_of_handle(handle), libm->path());
  int exported = 0, found_again = 0;
  any_of_first_exports(*libm, 5, [&](const char* name, const void* place) {
    ++exported;
    if (::dlsym(handle, name) == place) ++found_again;
    return false;
  });
  EXPECT_EQ(exported, 5);
  EXPECT_GT(found_again, 0);  // not those of which there are several versions
  ::dlclose(handle);
}

TEST(LoadedImagesTest, functions_chosen_when_they_are_linked_are_exported_by_another_name) {
  void* const strlen_called = ::dlsym(RTLD_DEFAULT, "strlen");
  const std::vector<LoadedImage> images = loaded_images();
  const LoadedImage* libc = image_at(images, address(strlen_called));
  ASSERT_NE(libc, nullptr);
  std::vector<std::string> names;
  const auto is_strlen = [&](const char* name) {
    names.emplace_back(name);
    return ::dlsym(RTLD_DEFAULT, name) == strlen_called;
  };
  EXPECT_TRUE(any_indirect_export(*libc, is_strlen));
  EXPECT_EQ(names.back(), "strlen");
  EXPECT_FALSE(any_indirect_export(*libc, [](const char* name) { return name[0] == '\0'; }));
}

}  // namespace
}  // namespace chkpt
