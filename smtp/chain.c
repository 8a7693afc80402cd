#include "smtp/chain.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* Escapes controls and what is not ASCII (RFC 2253). */
static void print_name(const X509_NAME *name, char text[static SMTP_NAME_TEXT_BYTES])
{
    BIO *memory = BIO_new(BIO_s_mem());
    text[0] = '\0';
    if (!memory)
        return;
    if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE) > 0) {
        int len = BIO_read(memory, text, SMTP_NAME_TEXT_BYTES - 1);
        text[len > 0 ? len : 0] = '\0';
    }
    BIO_free(memory);
}

static void print_date(const ASN1_TIME *time, char text[static SMTP_DATE_TEXT_BYTES])
{
    struct tm utc;
    text[0] = '\0';
    if (ASN1_TIME_to_tm(time, &utc) == 1)
        strftime(text, SMTP_DATE_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void smtp_certificate_describe(struct smtp_certificate *described, const X509 *certificate)
{
    print_name(X509_get_subject_name(certificate), described->subject);
    print_name(X509_get_issuer_name(certificate), described->issuer);
    print_date(X509_get0_notBefore(certificate), described->not_before);
    print_date(X509_get0_notAfter(certificate), described->not_after);
}

static void append_dns_name(struct buf *names, const ASN1_IA5STRING *name)
{
    const char *bytes = (const char *)ASN1_STRING_get0_data(name);
    for (int i = 0; i < ASN1_STRING_length(name); i++)
        buf_append_char(names, bytes[i] > ' ' && bytes[i] < 0x7f ? bytes[i] : '?');
}

static void append_address(struct buf *names, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    int len = ASN1_STRING_length(address);
    if (len == sizeof(struct in_addr) || len == sizeof(struct in6_addr))
        inet_ntop(len == sizeof(struct in_addr) ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text,
                  sizeof text);
    buf_append(names, str_of(text));
}

/* The common name is not among them: it counts for nothing (RFC 9525 2). */
static void print_names(const X509 *certificate, char text[static SMTP_CHAIN_NAMES_BYTES])
{
    GENERAL_NAMES *found = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct buf names;
    buf_init(&names, SMTP_CHAIN_NAMES_BYTES - sizeof "...");
    for (int i = 0; i < sk_GENERAL_NAME_num(found); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(found, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        if (names.len)
            buf_append(&names, STR(", "));
        if (name->type == GEN_DNS)
            append_dns_name(&names, name->d.dNSName);
        else
            append_address(&names, name->d.iPAddress);
    }
    snprintf(text, SMTP_CHAIN_NAMES_BYTES, "%.*s%s", STR_ARG(buf_view(&names)), names.failed ? "..." : "");
    buf_fini(&names);
    GENERAL_NAMES_free(found);
}

void smtp_chain_take(struct smtp_chain *chain, STACK_OF(X509) * certificates, int error)
{
    *chain = (struct smtp_chain){.error = error};
    for (int i = 0; i < sk_X509_num(certificates) && chain->count < SMTP_CHAIN_MAX_CERTIFICATES; i++)
        smtp_certificate_describe(&chain->items[chain->count++], sk_X509_value(certificates, i));
    if (chain->count)
        print_names(sk_X509_value(certificates, 0), chain->names);
}
