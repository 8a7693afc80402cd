/* mime/cluster.h: what a reader sees as one character (a grapheme cluster, UAX 29), by a small rule.
 *
 * It keeps marks, joined emoji, skin tones, variation selectors, flags and Hangul syllables together, so that
 * no cut that we make shows. Scripts that the table leaves out are cut between code points, which decodes
 * just as well.
 */
#ifndef POSTERN_MIME_CLUSTER_H
#define POSTERN_MIME_CLUSTER_H

#include "base/str.h"

/* A longer pile of marks is cut: no encoded word could hold it, and looking further would cost a hostile
 * caller nothing and us much. */
enum { CLUSTER_MAX_BYTES = 64 };

/* Octets of the first cluster of `text`, which is not empty; a byte that is not UTF-8 counts as one. */
size_t cluster_first(struct str text);

#endif
