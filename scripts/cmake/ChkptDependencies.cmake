# SPDX-License-Identifier: BSD-3-Clause
# Finds what chkpt builds with. Every message names the Debian package and the Spack spec.
include(FeatureSummary)
include(CMakePushCheckState)

# The system's Python, not another python3 that may stand first on PATH. -DPython3_ROOT_DIR=DIR
# picks another CPython (with headers and a static library) instead.
if(NOT Python3_ROOT_DIR AND NOT Python3_EXECUTABLE)
  set(Python3_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "Python interpreter chkpt embeds")
elseif(Python3_ROOT_DIR AND NOT Python3_EXECUTABLE)
  set(Python3_EXECUTABLE ${Python3_ROOT_DIR}/bin/python3 CACHE FILEPATH
      "Python interpreter chkpt embeds")
endif()
find_package(Python3 3.11...<3.14 COMPONENTS Interpreter)
set_package_properties(Python3 PROPERTIES TYPE REQUIRED
  PURPOSE "embedded interpreter (Debian: python3 libpython3-dev, Spack: python)")
if(NOT Python3_FOUND)
  message(FATAL_ERROR "${Python3_EXECUTABLE} is no CPython 3.11, 3.12 or 3.13. Debian: apt-get install "
    "python3 libpython3-dev; Spack: python; another one: -DPython3_ROOT_DIR=DIR")
endif()
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c
    "import sysconfig as s; v=s.get_config_var; print(';'.join([s.get_path('include'), v('LIBPL'), v('LDVERSION'), ' '.join([v('LIBS') or '', v('SYSLIBS') or '']), s.get_path('purelib'), str(v('Py_GIL_DISABLED') or 0)]))"
  OUTPUT_VARIABLE _python OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
list(GET _python 0 CHKPT_PYTHON_INCLUDE)
list(GET _python 1 _python_libpl)
list(GET _python 2 _python_ldversion)
list(GET _python 3 _python_libs)
list(GET _python 4 CHKPT_PYTHON_PURELIB)
list(GET _python 5 _python_free_threaded)
if(_python_free_threaded)
  message(FATAL_ERROR "${Python3_EXECUTABLE} is a free-threaded build: chkpt needs a Python with a "
    "global interpreter lock. Give one with -DPython3_ROOT_DIR=DIR.")
endif()
set(CHKPT_PYTHON_ARCHIVE ${_python_libpl}/libpython${_python_ldversion}.a)
if(NOT EXISTS ${CHKPT_PYTHON_ARCHIVE} OR NOT EXISTS ${CHKPT_PYTHON_INCLUDE}/internal/pycore_frame.h)
  message(FATAL_ERROR "${Python3_EXECUTABLE} lacks ${CHKPT_PYTHON_ARCHIVE} or its headers. "
    "Debian: apt-get install libpython3-dev; Spack: python")
endif()
separate_arguments(_python_libs UNIX_COMMAND "${_python_libs}")
find_package(EXPAT)
set_package_properties(EXPAT PROPERTIES TYPE REQUIRED
  PURPOSE "pyexpat, built into Debian's Python (Debian: libexpat1-dev, Spack: expat)")
find_package(ZLIB)
set_package_properties(ZLIB PROPERTIES TYPE REQUIRED
  PURPOSE "Python's zlib, HDF5's filters (Debian: zlib1g-dev, Spack: zlib-api)")
# The whole static interpreter goes into the executable and is exported to extension modules;
# libpython3.x.so would cost a quarter of the speed. Debian's own python3 is optimised at link time,
# this archive is not: calls between its objects are not inlined, a tenth more instructions in pure
# Python. chkpt itself adds none to them. Among the options it stands before chkpt's own objects: then
# where its data lies does not depend on them, which had come to cost calls of Python functions a third.
add_library(chkpt_cpython INTERFACE)
target_include_directories(chkpt_cpython SYSTEM INTERFACE
  ${CHKPT_PYTHON_INCLUDE} ${CHKPT_PYTHON_INCLUDE}/internal)
target_link_options(chkpt_cpython INTERFACE
  LINKER:--whole-archive,${CHKPT_PYTHON_ARCHIVE},--no-whole-archive)
target_link_libraries(chkpt_cpython INTERFACE
  EXPAT::EXPAT ZLIB::ZLIB dl m util pthread ${_python_libs})

find_package(MPI COMPONENTS C)
set_package_properties(MPI PROPERTIES TYPE REQUIRED
  PURPOSE "message passing (Debian: libopenmpi-dev openmpi-bin, Spack: openmpi)")
add_library(chkpt_mpi_c INTERFACE)
target_include_directories(chkpt_mpi_c SYSTEM INTERFACE ${MPI_C_INCLUDE_DIRS})
target_compile_definitions(chkpt_mpi_c INTERFACE OMPI_SKIP_MPICXX=1 MPICH_SKIP_MPICXX=1)
# Debian's libmpi.so stands in a folder of its own and leads to one the dynamic linker knows: linked
# by its real name it needs no run path.
set(_mpi_libraries "")
foreach(library IN LISTS MPI_C_LIBRARIES)
  if(IS_ABSOLUTE "${library}")
    file(REAL_PATH "${library}" library)
  endif()
  list(APPEND _mpi_libraries "${library}")
endforeach()
target_link_libraries(chkpt_mpi_c INTERFACE ${_mpi_libraries})

# HDF5 is linked statically and its symbols are hidden: a script's own h5py must never meet it.
find_path(CHKPT_HDF5_INCLUDE hdf5.h PATHS /usr/include/hdf5/serial PATH_SUFFIXES hdf5/serial)
find_library(CHKPT_HDF5_ARCHIVE NAMES libhdf5_serial.a libhdf5.a)
if(NOT CHKPT_HDF5_INCLUDE OR NOT CHKPT_HDF5_ARCHIVE)
  message(FATAL_ERROR "Static HDF5 not found. Debian: apt-get install libhdf5-dev; "
    "Spack: hdf5~mpi")
endif()
add_library(chkpt_hdf5 INTERFACE)
target_include_directories(chkpt_hdf5 SYSTEM INTERFACE ${CHKPT_HDF5_INCLUDE})
target_link_libraries(chkpt_hdf5 INTERFACE ${CHKPT_HDF5_ARCHIVE})
# chkpt uses no szip, but an archive that was built with it does not link without.
file(STRINGS ${CHKPT_HDF5_INCLUDE}/H5pubconf.h _hdf5_szip REGEX "define H5_HAVE_FILTER_SZIP")
if(_hdf5_szip)
  find_library(CHKPT_SZIP_ARCHIVE NAMES libsz.a)
  find_library(CHKPT_AEC_ARCHIVE NAMES libaec.a)
  if(NOT CHKPT_SZIP_ARCHIVE OR NOT CHKPT_AEC_ARCHIVE)
    message(FATAL_ERROR "${CHKPT_HDF5_ARCHIVE} was built with szip, whose static library is not "
      "found. Debian: apt-get install libaec-dev; Spack: hdf5~szip")
  endif()
  target_link_libraries(chkpt_hdf5 INTERFACE ${CHKPT_SZIP_ARCHIVE} ${CHKPT_AEC_ARCHIVE})
endif()
target_link_libraries(chkpt_hdf5 INTERFACE ZLIB::ZLIB dl m)

find_package(Boost 1.74 COMPONENTS program_options filesystem)
set_package_properties(Boost PROPERTIES TYPE REQUIRED
  PURPOSE "options and paths (Debian: libboost-program-options-dev libboost-filesystem-dev, Spack: boost+program_options+filesystem)")
find_path(CHKPT_XXHASH_INCLUDE xxhash.h)
if(NOT CHKPT_XXHASH_INCLUDE)
  message(FATAL_ERROR "xxhash.h not found. Debian: apt-get install libxxhash-dev; Spack: xxhash")
endif()
find_path(CHKPT_JSON_INCLUDE nlohmann/json.hpp)
if(NOT CHKPT_JSON_INCLUDE)
  message(FATAL_ERROR "nlohmann/json.hpp not found. Debian: apt-get install nlohmann-json3-dev; "
    "Spack: nlohmann-json")
endif()
find_package(Threads REQUIRED)
if(CHKPT_BUILD_TESTS)
  find_package(GTest)
  set_package_properties(GTest PROPERTIES TYPE REQUIRED
    PURPOSE "unit tests (Debian: libgtest-dev libgmock-dev, Spack: googletest)")
endif()
# Stops here, with the purpose and the package names of all that is missing.
feature_summary(WHAT REQUIRED_PACKAGES_NOT_FOUND FATAL_ON_MISSING_REQUIRED_PACKAGES QUIET_ON_EMPTY
  DESCRIPTION "chkpt cannot be built without:")
