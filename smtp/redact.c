/* A piece is 8 octets of a secret taken as a number; a secret has one for each octet but its last seven, and
 * a run of text belongs to a secret where its own pieces all do. Looking one up costs the same however long
 * the secrets are: tokens have thousands of octets, and every reply is looked through. */
#include "smtp/redact.h"

#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SECRET_BYTES = 16384, FIRST_PLACES = 256 };

/* The first `len` octets; 0, which is no piece, only where they are all NUL. */
static uint64_t piece_of(const char *octets, size_t len)
{
    uint64_t piece = 0;
    memcpy(&piece, octets, len);
    return piece;
}

/* Where the piece stands, or would. */
static size_t find_place(const uint64_t *pieces, size_t places, uint64_t piece)
{
    uint64_t mixed = piece * UINT64_C(0x9e3779b97f4a7c15); /* Knuth's multiplicative hash */
    size_t place = (size_t)(mixed >> 32) & (places - 1);
    while (pieces[place] && pieces[place] != piece)
        place = (place + 1) & (places - 1);
    return place;
}

static void forget_pieces(struct smtp_redactor *redactor)
{
    if (redactor->pieces)
        explicit_bzero(redactor->pieces, redactor->places * sizeof *redactor->pieces);
    free(redactor->pieces);
}

static bool grow(struct smtp_redactor *redactor)
{
    size_t places = redactor->places ? redactor->places * 2 : FIRST_PLACES;
    uint64_t *pieces = calloc(places, sizeof *pieces);
    if (!pieces)
        return false;
    for (size_t i = 0; i < redactor->places; i++)
        if (redactor->pieces[i])
            pieces[find_place(pieces, places, redactor->pieces[i])] = redactor->pieces[i];
    forget_pieces(redactor);
    redactor->pieces = pieces;
    redactor->places = places;
    return true;
}

static bool add_piece(struct smtp_redactor *redactor, uint64_t piece)
{
    if (redactor->count == SMTP_REDACT_MAX_PIECES)
        return false;
    if (redactor->count >= redactor->places / 4 * 3 && !grow(redactor))
        return false;
    size_t place = find_place(redactor->pieces, redactor->places, piece);
    redactor->count += piece != redactor->pieces[place];
    redactor->pieces[place] = piece;
    return true;
}

bool smtp_redactor_add(struct smtp_redactor *redactor, struct str secret)
{
    if (secret.len < SMTP_REDACT_MIN_BYTES)
        return true;
    size_t len = secret.len < SMTP_REDACT_RUN_BYTES ? secret.len : SMTP_REDACT_RUN_BYTES;
    bool added = true;
    for (size_t at = 0; added && at + len <= secret.len; at++)
        added = add_piece(redactor, piece_of(secret.data + at, len));
    redactor->has_length[len] = true;
    return added;
}

bool smtp_redactor_add_base64(struct smtp_redactor *redactor, struct str secret)
{
    struct buf base64;
    buf_init(&base64, MAX_SECRET_BYTES);
    if (secret.len >= SMTP_REDACT_MIN_BYTES)
        base64_encode(&base64, secret);
    /* Who echoes base64 may leave its padding out. */
    while (base64.len && base64.data[base64.len - 1] == '=')
        base64.len--;
    bool added = !base64.failed && smtp_redactor_add(redactor, buf_view(&base64));
    buf_wipe(&base64);
    return added;
}

void smtp_redactor_fini(struct smtp_redactor *redactor)
{
    forget_pieces(redactor);
    *redactor = (struct smtp_redactor){0};
}

/* How many octets at the front of the text belong to a secret. */
static size_t secret_length(const struct smtp_redactor *redactor, struct str text)
{
    for (size_t len = SMTP_REDACT_RUN_BYTES; len >= SMTP_REDACT_MIN_BYTES; len--) {
        if (!redactor->has_length[len] || text.len < len)
            continue;
        uint64_t piece = piece_of(text.data, len);
        if (piece && redactor->pieces[find_place(redactor->pieces, redactor->places, piece)] == piece)
            return len;
    }
    return 0;
}

void smtp_redactor_apply(const struct smtp_redactor *redactor, struct buf *text)
{
    size_t covered_to = 0;
    for (size_t at = 0; redactor->count && at < text->len; at++) {
        size_t len = secret_length(redactor, str_from(buf_view(text), at));
        if (at + len > covered_to)
            covered_to = at + len;
        if (at < covered_to && text->data[at] != '\n')
            text->data[at] = '*';
    }
}
