# The files of page/ become a part of the program (page.h). A new file is picked up by itself, if its ending is one of
# these.
set(page_types
    "html=text/html\; charset=utf-8" "js=text/javascript\; charset=utf-8" "css=text/css\; charset=utf-8"
    "svg=image/svg+xml" "png=image/png")
file(GLOB page_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/page
     ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/page/*.*)
set(page_arrays "")
set(page_rows "")
set(page_number 0)
foreach(page_file ${page_files})
    set(page_path ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/page/${page_file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_path})
    string(REGEX REPLACE "^.*\\." "" page_ending ${page_file})
    set(page_type "")
    foreach(page_known IN LISTS page_types)
        if(page_known MATCHES "^${page_ending}=(.*)$")
            set(page_type ${CMAKE_MATCH_1})
        endif()
    endforeach()
    if(NOT page_type)
        message(FATAL_ERROR "sandbox/page/${page_file}: its type is not known, see sandbox/page.cmake")
    endif()
    file(READ ${page_path} page_hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," page_bytes "${page_hex}")
    string(APPEND page_arrays "static const unsigned char file_${page_number}[] = {${page_bytes}};\n")
    string(APPEND page_rows "    {\"${page_file}\", \"${page_type}\", file_${page_number}, sizeof file_${page_number}},\n")
    math(EXPR page_number "${page_number} + 1")
endforeach()
file(CONFIGURE OUTPUT sandbox_page.c @ONLY CONTENT [[
#include "service/sandbox/page.h"
@page_arrays@
const struct sandbox_page_file sandbox_page_files[] = {
@page_rows@};
const size_t sandbox_page_file_count = sizeof sandbox_page_files / sizeof sandbox_page_files[0];
]])
