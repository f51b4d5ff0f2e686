from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class Bayestuner(ConanFile):
    name = "bayestuner"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "Tune hardware and software knobs of DNN servers to the least power"
    settings = "os", "compiler", "build_type", "arch"
    options = {"devices": [True, False], "command": [True, False]}
    default_options = {"devices": True, "command": False}
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "src/*", "LICENSE"

    def requirements(self):
        self.requires("eigen/3.4.0", transitive_headers=True)
        self.requires("boost/1.84.0", transitive_headers=True)
        self.requires("nlopt/2.7.1", transitive_headers=True)
        if self.options.devices:
            for reference in (
                "fmt/10.2.1",
                "sqlite3/3.45.3",
                "nlohmann_json/3.11.3",
                "tomlplusplus/3.4.0",
                "cpp-httplib/0.15.3",
                "zlib/1.3.1",
            ):
                self.requires(reference)
        if self.options.command:
            self.requires("cli11/2.4.1")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.variables["BAYESTUNER_DEVICES"] = bool(self.options.devices)
        toolchain.variables["BAYESTUNER_COMMAND"] = bool(self.options.command)
        toolchain.variables["BAYESTUNER_TESTS"] = False
        toolchain.variables["BAYESTUNER_EXAMPLES"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/bayestuner"]
