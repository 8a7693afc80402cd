#include "service/access/redirect.h"

#include "base/utf8.h"

bool redirect_load(struct arena *arena, const struct settings *settings, struct str *address,
                   struct fault *fault)
{
    struct mailbox mailbox;
    struct fault unfit;
    *address = (struct str){0};
    if (!settings->redirect_to.data)
        return true;
    if (!mailbox_parse_address(arena, settings->redirect_to, &mailbox, &unfit))
        return fault_set(fault, FAULT_INVALID_REQUEST, "option redirect_to: \"%.*s\" is no address: %s",
                         STR_ARG(settings->redirect_to), unfit.detail);
    *address = mailbox.address;
    return true;
}

bool redirect_apply(struct str address, struct submission *submission, struct fault *fault)
{
    struct arena *arena = &submission->arena;
    if (!address.data)
        return true;
    struct str *recipient = arena_take(arena, sizeof *recipient),
               *pointer = arena_take(arena, sizeof *pointer);
    struct str copy = arena_copy(arena, address);
    if (arena->failed)
        return fault_set(fault, FAULT_OVERLOADED, "the request needs more memory than one may take");
    submission->message.original_recipients = submission->recipients;
    submission->message.original_recipient_count = submission->recipient_count;
    *recipient = copy;
    *pointer = STR(""); /* RFC 6901 5: the request as a whole, for no field of it names the recipient */
    submission->recipients = recipient;
    submission->pointers = pointer;
    submission->recipient_count = 1;
    submission->outcome.recipient_count = 1;
    submission->smtputf8 = !utf8_is_ascii(copy) || !utf8_is_ascii(submission->return_path);
    return true;
}
