/* mime/part_tree.h: the parts of a message, in order (RFC 2046 5.1, RFC 2387).
 *
 *     mixed( alternative( text, related( html, inline... ), calendar ), attachments..., calendar )
 *
 * A wrapper with one child is left out. The tree comes out flat: stretches of text that is made here
 * (headers, delimiters), each followed by a body that is pulled later.
 */
#ifndef POSTERN_MIME_PART_TREE_H
#define POSTERN_MIME_PART_TREE_H

#include "mime/message.h"
#include "mime/transfer.h"

/* A stretch of made text, from where the one before it ends, and the body behind it. */
struct section {
    size_t made_end;
    struct transfer body;
};

struct part_tree {
    struct buf *made; /* appended to */
    struct arena *arena;
    struct section *sections; /* room for part_tree_max_sections */
    size_t section_count;
};

size_t part_tree_max_sections(const struct message *message);

/* When the arena is full it has failed, and the tree is of no use. */
void part_tree_write(struct part_tree *tree, const struct message *message);

#endif
