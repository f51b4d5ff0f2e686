from conan import ConanFile
from conan.tools.build import check_min_cppstd
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
        # The core's headers include these three; the rest is inside the compiled parts.
        self.requires("eigen/3.4.0", transitive_headers=True)
        self.requires("boost/1.84.0", transitive_headers=True)
        self.requires("nlopt/2.7.1", transitive_headers=True)
        if self.options.devices:
            for reference in (
                "fmt/10.2.1",
                "sqlite3/3.45.3",
                "nlohmann_json/3.11.3",
                "tomlplusplus/3.4.0",
                "zlib/1.3.1",
            ):
                self.requires(reference)
        if self.options.command:
            self.requires("cli11/2.4.1")

    def package_id(self):
        if not self.info.options.devices:
            self.info.clear()  # headers alone

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BAYESTUNER_DEVICES"] = bool(self.options.devices)
        toolchain.cache_variables["BAYESTUNER_COMMAND"] = bool(self.options.command)
        toolchain.cache_variables["BAYESTUNER_TESTS"] = False
        toolchain.cache_variables["BAYESTUNER_EXAMPLES"] = False
        toolchain.cache_variables["BAYESTUNER_WITH_OPENCV"] = "OFF"  # it is none of the recipe's requirements
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # The package brings a CMake config of its own, with components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/bayestuner"]
