#include "bayestuner/knob/filesystem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "bayestuner/core/error.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Filesystem, WritesOneValueAndReadsItBackWithoutTheNewline) {
  const test::ModelFilesystem tree;
  tree.set("/sys/a/limit", "800000\n");
  tree.write("/sys/a/limit", "4000");
  EXPECT_EQ(tree.read("/sys/a/limit"), "4000");
}

TEST(Filesystem, NeverCreatesAFile) {
  const test::ModelFilesystem tree;
  tree.mkdir("/sys/a");
  EXPECT_EQ(tree.write_bytes("/sys/a/limit", "1"), ENOENT);
  EXPECT_FALSE(tree.exists("/sys/a/limit"));
}

TEST(Filesystem, FollowsNoSymlinkWhenItWrites) {
  const test::ModelFilesystem tree;
  tree.set("/sys/real/limit", "1");
  std::filesystem::create_symlink(tree.on_disk("/sys/real/limit"), tree.on_disk("/sys/real/link"));
  std::filesystem::create_directory_symlink(tree.on_disk("/sys/real"), tree.on_disk("/sys/alias"));
  EXPECT_EQ(tree.write_bytes("/sys/real/link", "2"), ELOOP);
  EXPECT_EQ(tree.write_bytes("/sys/alias/limit", "2"), ELOOP);
  EXPECT_EQ(tree.write_bytes("/sys/../../etc/x", "2"), EXDEV);
  EXPECT_EQ(tree.get("/sys/real/limit"), "1");
}

TEST(Filesystem, OnTheMachineOnlyKernelFilesAreWritten) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "x").string();
  test::ModelFilesystem tree;
  ::close(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(Filesystem("/").write_bytes(file, "1"), EXDEV);
}

TEST(Filesystem, ErrorsNamePathBytesAndErrno) {
  test::ModelFilesystem tree;
  tree.set("/sys/a/limit", "1");
  tree.refuse("/limit", EBUSY);
  const std::string text = message_of([&] { tree.write("/sys/a/limit", "5"); });
  EXPECT_THAT(text, HasSubstr("/sys/a/limit: writing \"5\""));
  EXPECT_THAT(text, HasSubstr("(EBUSY)"));
  EXPECT_THAT(message_of([&] { tree.read("/sys/none"); }), HasSubstr("(ENOENT)"));
}

TEST(Filesystem, RefusesARelativeRootOrPath) {
  EXPECT_THROW(Filesystem("here"), InvalidArgument);
  EXPECT_THROW(Filesystem("/").read("here"), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::knob
