from conan import ConanFile
from conan.tools.cmake import CMake, cmake_layout


class Stranger(ConanFile):
    """The program of main.cpp with bayestuner from Conan's cache: its headers alone."""

    settings = "os", "compiler", "build_type", "arch"
    requires = "bayestuner/0.1.0"
    default_options = {"bayestuner/*:devices": False}
    generators = "CMakeDeps", "CMakeToolchain"

    def layout(self):
        cmake_layout(self, build_folder="../../../build/conan-consumer")

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()
        self.run(f"{self.build_folder}/stranger")
