/* mime/filename.h: file names of attachments: made safe to save under, and made ASCII for old readers. */
#ifndef POSTERN_MIME_FILENAME_H
#define POSTERN_MIME_FILENAME_H

#include "base/arena.h"

enum { FILENAME_MAX_BYTES = 255, FILENAME_FALLBACK_BYTES = 59 };

/* The last component of a path of either kind, without controls, line breaks, bidirectional controls and what
 * is not UTF-8; at most 255 octets, the extension kept. Absent where nothing is left. */
struct str filename_clean(struct arena *arena, struct str filename);

/* Printable ASCII without quotes and backslashes, "_" for what is neither; short, the extension kept; a NUL
 * behind. */
void filename_make_fallback(struct str filename, char fallback[static FILENAME_FALLBACK_BYTES]);

/* From the last dot on; empty where the name has none, or nothing before it. */
struct str filename_extension(struct str filename);

#endif
