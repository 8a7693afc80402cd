/* Nothing is dropped silently: what a mail asks for and the relay does not offer is a fault before MAIL. */
#include "smtp/sendable.h"

#include "smtp/command.h"

#include <inttypes.h>

static bool check_extensions(const struct smtp_session *session, const struct smtp_envelope *envelope,
                             struct fault *fault)
{
    const struct smtp_capabilities *offered = &session->capabilities;
    /* RFC 6531 3.2 */
    if (envelope->smtputf8 && !smtp_capabilities_offer(offered, SMTP_SMTPUTF8))
        return fault_set(fault, FAULT_SMTPUTF8_UNSUPPORTED,
                         "the message needs SMTPUTF8, which the relay does not offer");
    /* RFC 6152 3: octets above 127 may not be said to a relay that does not offer it. */
    if (envelope->eight_bit && !smtp_capabilities_offer(offered, SMTP_8BITMIME))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "the message has 8-bit data, and the relay does not offer 8BITMIME: encode it as "
                         "base64 or quoted-printable");
    /* RFC 3461 4 lets a relay drop the request on the way; one who asked for it should know before. */
    if (dsn_is_asked(&envelope->dsn) && !smtp_capabilities_offer(offered, SMTP_DSN))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "delivery status notifications were asked for, and the relay does not offer DSN: "
                         "leave out dsn, or use a relay that does");
    return true;
}

/* RFC 8689 4.2.1: said only under TLS, to a relay whose name was verified, and that offers it under TLS. */
static bool check_tls(const struct smtp_session *session, const struct smtp_envelope *envelope,
                      struct fault *fault)
{
    bool is_verified = session->transport->tls.version && !session->relay->insecure;
    if (!envelope->require_tls)
        return true;
    if (!is_verified)
        return fault_set(
            fault, FAULT_REQUIRETLS_UNSUPPORTED,
            "the message may only be sent under TLS, and the relay's certificate is not verified");
    return smtp_capabilities_offer(&session->capabilities, SMTP_REQUIRETLS) ||
           fault_set(fault, FAULT_REQUIRETLS_UNSUPPORTED,
                     "the message may only be sent under TLS, and the relay does not offer REQUIRETLS");
}

/* Both lines may grow with an envelope ID or an address that is long. */
static bool check_lines(const struct smtp_session *session, const struct smtp_mail *mail, struct fault *fault)
{
    const struct smtp_envelope *envelope = mail->envelope;
    struct buf line;
    buf_init(&line, SMTP_MAX_COMMAND_BYTES);
    smtp_command_mail(&line, envelope, mail->source->size_octets, &session->capabilities);
    bool fits = line.len + 2 <= smtp_command_mail_limit(envelope, &session->capabilities);
    for (size_t i = 0; i < envelope->recipient_count && fits; i++) {
        buf_clear(&line);
        smtp_command_rcpt(&line, envelope, i);
        fits = line.len + 2 <= smtp_command_rcpt_limit(envelope);
    }
    bool out_of_memory = line.failed;
    buf_fini(&line);
    if (out_of_memory)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    return fits || fault_set(fault, FAULT_INVALID_ADDRESS,
                             "an envelope address is longer than a command line may be");
}

/* RFC 9422 4 */
static bool check_limits(const struct smtp_session *session, const struct smtp_envelope *envelope,
                         struct fault *fault)
{
    const struct smtp_capabilities *offered = &session->capabilities;
    struct smtp_tally none;
    smtp_tally_init(&none);
    bool allowed = smtp_limits_allow(&none, offered, envelope);
    smtp_tally_fini(&none);
    if (allowed)
        return true;
    return fault_set(fault, FAULT_TOO_MANY_RECIPIENTS,
                     "the message has %zu recipients; the relay takes %" PRIu64 " in a transaction, %" PRIu64
                     " transactions and %" PRIu64 " recipient domains in a session (0: any number)",
                     envelope->recipient_count, offered->max_recipients, offered->max_mails,
                     offered->max_domains);
}

bool smtp_sendable_by_relay(const struct smtp_session *session, const struct smtp_mail *mail,
                            struct fault *fault)
{
    const struct smtp_capabilities *offered = &session->capabilities;
    uint64_t octets = mail->source->size_octets;
    if (!smtp_envelope_check(mail->envelope, fault) || !check_extensions(session, mail->envelope, fault) ||
        !check_tls(session, mail->envelope, fault) || !check_lines(session, mail, fault))
        return false;
    /* RFC 1870 6 */
    if (offered->max_size_octets && octets > offered->max_size_octets)
        return fault_set(fault, FAULT_MESSAGE_OVER_SIZE,
                         "the message has %" PRIu64 " octets, the relay takes %" PRIu64, octets,
                         offered->max_size_octets);
    return check_limits(session, mail->envelope, fault);
}

bool smtp_sendable_by_session(const struct smtp_session *session, const struct smtp_mail *mail)
{
    return smtp_limits_allow(&session->tally, &session->capabilities, mail->envelope);
}
