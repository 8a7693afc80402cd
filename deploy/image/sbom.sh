#!/bin/sh
# sbom.sh VERSION EPOCH PROGRAM: the bill of materials (SPDX 2.3, JSON) of the image: PROGRAM, which is Postern VERSION,
# and the Debian packages that are named on standard input, one a line, with what dpkg knows of them.
set -eu
version=$1 epoch=$2 program=$3
created=$(date --utc --date="@$epoch" +%Y-%m-%dT%H:%M:%SZ)
digest=$(sha256sum "$program" | cut -d ' ' -f 1)
release=$(sed -n 's|^VERSION_ID="*\([0-9.]*\)"*$|\1|p' /etc/os-release)
packages=$(cat)

# In an identifier only letters, digits, "." and "-" may stand; in a package URL "+" and ":" may not.
identifier() {
    printf '%s' "$1" | tr -c 'A-Za-z0-9.-' '-'
}

in_url() {
    printf '%s' "$1" | sed -e 's|+|%2B|g' -e 's|:|%3A|g'
}

describe() {
    # shellcheck disable=SC2016  # dpkg-query's own variables
    dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Homepage}\n' "$1"
}

cat <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "postern-$version",
  "documentNamespace": "https://spdx.org/spdxdocs/postern-$version-$digest",
  "creationInfo": {"created": "$created", "creators": ["Tool: postern-sbom-$version"]},
  "packages": [
    {
      "SPDXID": "SPDXRef-postern",
      "name": "postern",
      "versionInfo": "$version",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "MIT",
      "licenseDeclared": "MIT",
      "copyrightText": "NOASSERTION",
      "primaryPackagePurpose": "APPLICATION",
      "checksums": [{"algorithm": "SHA256", "checksumValue": "$digest"}]
    }
JSON
for package in $packages; do
    describe "$package"
done | while IFS="$(printf '\t')" read -r name package_version architecture source source_version homepage; do
    url="pkg:deb/debian/$(in_url "$name")@$(in_url "$package_version")?arch=$architecture&distro=debian-$release"
    cat <<JSON
    ,{
      "SPDXID": "SPDXRef-deb-$(identifier "$name")",
      "name": "$name",
      "versionInfo": "$package_version",
      "supplier": "Organization: Debian",
      "downloadLocation": "NOASSERTION",
      "homepage": "${homepage:-NOASSERTION}",
      "sourceInfo": "Debian source package $source $source_version",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "NOASSERTION",
      "licenseComments": "/usr/share/doc/$name/copyright in the image",
      "copyrightText": "NOASSERTION",
      "externalRefs": [
        {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "$url"}
      ]
    }
JSON
done
cat <<JSON
  ],
  "relationships": [
    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-postern"}
JSON
for package in $packages; do
    cat <<JSON
    ,{
      "spdxElementId": "SPDXRef-postern",
      "relationshipType": "DEPENDS_ON",
      "relatedSpdxElement": "SPDXRef-deb-$(identifier "${package%:*}")"
    }
JSON
done
cat <<JSON
  ]
}
JSON
