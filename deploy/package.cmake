# What is installed beside the program, and the Debian package of it all: cpack -G DEB, in the folder of a build.
# Not of a build with instruments.
if(POSTERN_SANITIZE)
    return()
endif()
include(GNUInstallDirs)

# The manual is made of the program's own tables.
add_executable(manual EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/deploy/manual/manual.c)
target_link_libraries(manual PRIVATE service)
set(pages "")
foreach(page postern.1 postern.json.5)
    set(template ${CMAKE_SOURCE_DIR}/deploy/manual/${page}.in)
    add_custom_command(
        OUTPUT ${page}
        COMMAND manual ${template} > ${page}
        DEPENDS manual ${template}
        VERBATIM)
    list(APPEND pages ${CMAKE_CURRENT_BINARY_DIR}/${page})
endforeach()
add_custom_target(manual_pages ALL DEPENDS ${pages})

# Debian wants what is compressed without a time in it.
function(postern_compress source target)
    add_custom_command(
        OUTPUT ${target}
        COMMAND gzip -9 -n -c ${source} > ${target}
        DEPENDS ${source}
        VERBATIM)
endfunction()

set(deploy ${CMAKE_SOURCE_DIR}/deploy)
set(debian ${CMAKE_BINARY_DIR}/debian)
file(MAKE_DIRECTORY ${debian})
postern_compress(${CMAKE_BINARY_DIR}/postern.1 ${debian}/postern.1.gz)
postern_compress(${CMAKE_BINARY_DIR}/postern.json.5 ${debian}/postern.json.5.gz)
postern_compress(${deploy}/package/changelog ${debian}/changelog.gz)
add_custom_target(debian_files ALL
    DEPENDS ${debian}/postern.1.gz ${debian}/postern.json.5.gz ${debian}/changelog.gz)

install(FILES ${debian}/postern.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${debian}/postern.json.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${debian}/changelog.gz ${deploy}/package/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/openapi.yaml
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${deploy}/package/postern.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${deploy}/systemd/postern.service ${deploy}/systemd/postern.socket ${deploy}/systemd/postern-admin.socket
    DESTINATION lib/systemd/system)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # packaging needs no tests built
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME postern)
set(CPACK_PACKAGE_CONTACT "The Postern authors <postern@postern.invalid>")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${deploy}/package/postinst ${deploy}/package/prerm ${deploy}/package/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway that takes mail as JSON over HTTP and submits it by SMTP")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Builds the MIME message, submits it to an SMTP relay, and answers with what
the relay said, its queue ID included: sent, provably not sent, or unknown.
To stand beside a backend that sends mail without a mail library.")
include(CPack)
