"""Where code and machine meet: operations, their arrangement, assembly, drivers and the build folder."""
