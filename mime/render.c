/* Headers and delimiters are made at the start, as one text; bodies are encoded through one window, a piece
 * at a time, when they are pulled. It is as large as the largest of them needs, and nobody clears it first: a small
 * message costs little. The size is that of the text and what each body says it will be. To sign is to pull it
 * all once before anybody else does. */
#include "mime/render.h"

#include "mime/dkim.h"
#include "mime/part_tree.h"
#include "mime/top_header.h"

enum { USUAL_MADE_BYTES = 1024 };

struct render {
    const struct message *message;
    struct str signatures; /* before all else */
    struct str made;
    struct section *sections;
    size_t section_count;
    uint64_t size_octets;
    size_t current; /* section */
    bool in_body;   /* its made text was given */
    bool begun;     /* the signatures were given */
    char *window;
    size_t window_bytes;
};

/* A header and a body that stand already. */
static void write_finished(struct part_tree *tree, const struct message *message)
{
    top_header_complete(tree->made, message);
    buf_append(tree->made, message->finished.header);
    buf_append(tree->made, STR("\r\n"));
    tree->sections[0].made_end = tree->made->len;
    transfer_set_lines(&tree->sections[0].body, message->finished.body);
    tree->section_count = 1;
}

static void write_parts(struct part_tree *tree, const struct message *message)
{
    top_header_write(tree->made, message);
    part_tree_write(tree, message);
}

static bool take_window(struct render *render, struct arena *arena)
{
    for (size_t i = 0; i < render->section_count; i++) {
        size_t bytes = transfer_window_bytes(&render->sections[i].body);
        render->window_bytes = bytes > render->window_bytes ? bytes : render->window_bytes;
    }
    render->window = arena_take_room(arena, render->window_bytes);
    return render->window;
}

/* Puts together all that is made; false when the arena is full. */
static bool make(struct render *render, struct arena *arena)
{
    struct buf made;
    buf_init(&made, arena->max_bytes);
    buf_reserve(&made, USUAL_MADE_BYTES < arena->max_bytes ? USUAL_MADE_BYTES : arena->max_bytes);
    struct part_tree tree = {.made = &made, .arena = arena, .sections = render->sections};
    if (render->message->finished.header.data)
        write_finished(&tree, render->message);
    else
        write_parts(&tree, render->message);
    render->section_count = tree.section_count;
    render->made = arena_keep(arena, &made);
    buf_wipe(&made);
    return !arena->failed && take_window(render, arena);
}

/* The first piece holds the whole header, and what of the body was made with it. */
static bool write_signatures(struct render *render, const struct dkim_ring *ring, struct str domain,
                             struct dkim_hash *hash, struct buf *fields)
{
    struct str piece;
    if (!render_pull(render, &piece))
        return false;
    size_t header_len = str_find(piece, STR("\r\n\r\n")) + 2;
    struct str header = str_first(piece, header_len);
    dkim_hash_feed(hash, str_from(piece, header_len + 2));
    while (render_pull(render, &piece))
        dkim_hash_feed(hash, piece);
    return dkim_sign(ring, domain, header, hash, render->message->created_s, fields);
}

static bool sign(struct render *render, struct arena *arena, const struct dkim_ring *ring)
{
    const struct mailbox *from = &render->message->from;
    struct str domain = str_from(from->address, from->at + 1);
    if (!ring || !dkim_ring_has(ring, domain))
        return true;
    struct buf fields;
    struct dkim_hash *hash = dkim_hash_new();
    buf_init(&fields, arena->max_bytes);
    bool made = hash && write_signatures(render, ring, domain, hash, &fields);
    render->signatures = arena_keep(arena, &fields);
    render->size_octets += render->signatures.len;
    buf_wipe(&fields);
    dkim_hash_free(&hash);
    render_rewind(render);
    return made && render->signatures.data;
}

struct render *render_start(struct arena *arena, const struct message *message, const struct dkim_ring *ring)
{
    struct render *render = arena_take(arena, sizeof *render);
    struct section *sections = arena_take_array(arena, part_tree_max_sections(message), sizeof *sections);
    if (!render || !sections)
        return NULL;
    render->message = message;
    render->sections = sections;
    if (!make(render, arena))
        return NULL;
    render->size_octets = render->made.len;
    for (size_t i = 0; i < render->section_count; i++)
        render->size_octets += sections[i].body.size_octets;
    return sign(render, arena, ring) ? render : NULL;
}

uint64_t render_size_octets(const struct render *render)
{
    return render->size_octets;
}

bool render_needs_smtputf8(const struct render *render)
{
    const struct finished *finished = &render->message->finished;
    return finished->header.data ? finished->has_utf8 : top_header_needs_smtputf8(render->message);
}

bool render_needs_8bitmime(const struct render *render)
{
    return render->message->finished.is_8bit;
}

static struct str made_text(const struct render *render)
{
    size_t begin = render->current ? render->sections[render->current - 1].made_end : 0;
    size_t end = render->sections[render->current].made_end;
    return str_first(str_from(render->made, begin), end - begin);
}

bool render_pull(struct render *render, struct str *piece)
{
    if (!render->begun && render->signatures.len) {
        *piece = render->signatures;
        return render->begun = true;
    }
    while (render->current < render->section_count) {
        struct transfer *body = &render->sections[render->current].body;
        if (!render->in_body) {
            render->in_body = true;
            transfer_rewind(body);
            *piece = made_text(render);
        } else {
            *piece = transfer_pull(body, render->window, render->window_bytes);
            if (!piece->len) {
                render->in_body = false;
                render->current++;
            }
        }
        if (piece->len)
            return true;
    }
    return false;
}

void render_rewind(struct render *render)
{
    render->current = 0;
    render->in_body = false;
    render->begun = false;
}
