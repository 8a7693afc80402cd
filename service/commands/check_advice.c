/* One table, first row first. A row fits by the fault's code, and where it names them by the error of the
 * verification and by words of the fault's detail: those words are our own (dial.c, tunnel.c, tls.c, greet.c,
 * login.c), and the tests hold both ends together. */
#include "service/commands/check_advice.h"

#include <openssl/x509_vfy.h>
#include <string.h>

static const struct advice {
    enum fault_code code;
    int verify_error;  /* 0: any */
    const char *words; /* NULL: any */
    const char *advice;
} advices[] = {
    {FAULT_UPSTREAM_NO_SUCH_HOST, 0, "the proxy", "check the spelling of the host in POSTERN_SMTP_PROXY"},
    {FAULT_UPSTREAM_NO_SUCH_HOST, 0, NULL, "check the spelling of the host in POSTERN_SMTP_URL"},
    {FAULT_UPSTREAM_UNRESOLVED, 0, NULL,
     "check this machine's name servers (/etc/resolv.conf), and whether they can be reached from here"},

    {FAULT_UPSTREAM_UNREACHABLE, 0, "wants a login", "set user and password in POSTERN_SMTP_PROXY"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "refused the login", "check user and password in POSTERN_SMTP_PROXY"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "does not allow", "let the proxy's rules pass this host and port"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "does not speak", "check scheme, host and port in POSTERN_SMTP_PROXY"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "the proxy",
     "check host and port in POSTERN_SMTP_PROXY, and whether it runs"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, " proxy ", "check the proxy, and host and port of the relay behind it"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "refused",
     "nothing listens there: check the port (587 for smtp://, 465 for smtps://, 24 for lmtp://), and whether "
     "the relay runs"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "No such file",
     "check the path of the socket, and whether the relay runs"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "Permission denied", "let this user write to the relay's socket"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, "closed the connection at the greeting",
     "the relay hangs up before it greets: it may not take connections from this address"},
    {FAULT_UPSTREAM_UNREACHABLE, 0, NULL,
     "check host and port, this machine's network, and whether a firewall or the provider blocks the port"},

    {FAULT_UPSTREAM_TIMEOUT, 0, "the proxy",
     "check host and port in POSTERN_SMTP_PROXY, and the proxy's own way out"},
    {FAULT_UPSTREAM_TIMEOUT, 0, " proxy ", "check the proxy's way to the relay"},
    {FAULT_UPSTREAM_TIMEOUT, 0, "no connection",
     "a firewall swallows what is sent to that port: try 587, 465 or 2525; many providers block 25"},
    {FAULT_UPSTREAM_TIMEOUT, 0, "the greeting",
     "the relay took the connection and said nothing: something on the way filters it, or it greets slowly"},
    {FAULT_UPSTREAM_TIMEOUT, 0, NULL, "try again; if it stays, ask who runs the relay"},

    {FAULT_UPSTREAM_TLS, 0, "implicit TLS",
     "this port speaks implicit TLS: write smtps:// in place of smtp://"},
    {FAULT_UPSTREAM_TLS, 0, "STARTTLS (smtp://)",
     "this port begins in the clear: write smtp:// in place of smtps://, which means STARTTLS"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_CERT_HAS_EXPIRED, NULL,
     "who runs the relay must renew its certificate; check this machine's clock, too"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_CERT_NOT_YET_VALID, NULL,
     "check this machine's clock; if it is right, the relay's certificate is not for use yet"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_HOSTNAME_MISMATCH, NULL,
     "write one of the certificate's names as the host in POSTERN_SMTP_URL, or have one made out for this "
     "name"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_IP_ADDRESS_MISMATCH, NULL,
     "write one of the certificate's names, and no address, as the host in POSTERN_SMTP_URL"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NULL,
     "the relay signed its certificate itself: if it is the right one, name it by POSTERN_SMTP_CA_FILE"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NULL,
     "the authority is not trusted here: for a private one, name its certificate by POSTERN_SMTP_CA_FILE"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NULL,
     "the issuer is not known here: for a private authority set POSTERN_SMTP_CA_FILE; else the relay must "
     "send its intermediate certificates, too"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NULL,
     "the issuer is not known here: for a private authority set POSTERN_SMTP_CA_FILE; else the relay must "
     "send its intermediate certificates, too"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_EE_KEY_TOO_SMALL, NULL,
     "the relay's certificate is too weak: RSA of 2,048 bits is the least"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_CA_KEY_TOO_SMALL, NULL,
     "the authority's certificate is too weak: RSA of 2,048 bits is the least"},
    {FAULT_UPSTREAM_TLS, X509_V_ERR_CA_MD_TOO_WEAK, NULL,
     "the relay's certificate is signed by SHA-1 or MD5: it must be signed anew, by SHA-256"},
    {FAULT_UPSTREAM_TLS, 0, "key too small",
     "the relay's certificate is too weak: RSA of 2,048 bits is the least"},
    {FAULT_UPSTREAM_TLS, 0, "md too weak",
     "the relay's certificate is signed by SHA-1 or MD5: it must be signed anew"},
    {FAULT_UPSTREAM_TLS, 0, "protocol",
     "the relay knows no TLS from 1.2 on: who runs it must bring it up to date"},
    {FAULT_UPSTREAM_TLS, 0, NULL, "check host and port; if they are right, ask who runs the relay"},
    {FAULT_UPSTREAM_TLS_BROKEN, 0, NULL, "try again; if it stays, ask who runs the relay"},
    {FAULT_UPSTREAM_TLS_REQUIRED, 0, NULL,
     "use a port that offers STARTTLS (587), or smtps:// (465); ?tls=none sends everything in the clear"},

    {FAULT_UPSTREAM_AUTH_FAILED, 0, "offers no AUTH, ",
     "this port wants no login: leave user and password out, or use the port for submission (587, 465)"},
    {FAULT_UPSTREAM_AUTH_FAILED, 0, "offers no AUTH mechanism",
     "see POSTERN_SMTP_AUTH, and whether the relay wants a password or an OAuth token"},
    {FAULT_UPSTREAM_AUTH_FAILED, 0, "with 534",
     "the account wants an app password, or OAuth in place of a password"},
    {FAULT_UPSTREAM_AUTH_FAILED, 0, "with 538", "the mechanism wants TLS: leave ?tls=none out"},
    {FAULT_UPSTREAM_AUTH_FAILED, 0, NULL,
     "check user and password; many providers want an app password, or SMTP switched on for the account"},
    {FAULT_UPSTREAM_AUTH_TEMPORARY, 0, NULL, "try again later: the relay cannot look the account up now"},

    {FAULT_UPSTREAM_PROTOCOL_ERROR, 0, "the greeting",
     "check whether an SMTP relay listens at that port at all"},
    {FAULT_UPSTREAM_PROTOCOL_ERROR, 0, NULL, "ask who runs the relay: it does not keep to the protocol"},
    {FAULT_UPSTREAM_REJECTED_SESSION, 0, NULL,
     "the relay's words say why; it may not take mail from this address, or under this EHLO name "
     "(POSTERN_SMTP_EHLO_NAME)"},
    {FAULT_UPSTREAM_TEMPORARY, 0, NULL, "the relay's words say why; try again later"},
    {FAULT_OVERLOADED, 0, NULL, "this machine is short of memory, descriptors or ports"},
};

const char *check_advice(const struct fault *fault, int verify_error)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        const struct advice *row = &advices[i];
        bool fits = row->code == fault->code && (!row->verify_error || row->verify_error == verify_error) &&
                    (!row->words || strstr(fault->detail, row->words));
        if (fits)
            return row->advice;
    }
    return "try again later";
}
