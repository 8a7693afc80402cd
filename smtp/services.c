#include "smtp/services.h"

#define IMPLICIT 465, SMTP_TLS_IMPLICIT
#define STARTTLS 587, SMTP_TLS_STARTTLS
#define SES(region)                                                                                          \
    {                                                                                                        \
        "ses-" region, "email-smtp." region ".amazonaws.com", IMPLICIT                                       \
    }

static const struct smtp_service services[] = {
    {"126", "smtp.126.com", IMPLICIT},
    {"163", "smtp.163.com", IMPLICIT},
    {"1und1", "smtp.1und1.de", IMPLICIT},
    {"aliyun", "smtp.aliyun.com", IMPLICIT},
    {"aliyun-directmail", "smtpdm.aliyun.com", IMPLICIT},
    {"aliyun-qiye", "smtp.qiye.aliyun.com", IMPLICIT},
    {"aol", "smtp.aol.com", IMPLICIT},
    {"brevo", "smtp-relay.brevo.com", STARTTLS},
    {"debugmail", "debugmail.io", 25, SMTP_TLS_STARTTLS},
    {"exmail", "smtp.exmail.qq.com", IMPLICIT},
    {"fastmail", "smtp.fastmail.com", IMPLICIT},
    {"gandi", "mail.gandi.net", IMPLICIT},
    {"gmail", "smtp.gmail.com", IMPLICIT},
    {"gmx", "mail.gmx.net", IMPLICIT},
    {"hotmail", "smtp-mail.outlook.com", STARTTLS},
    {"icloud", "smtp.mail.me.com", STARTTLS},
    {"infomaniak", "mail.infomaniak.com", IMPLICIT},
    {"ionos", "smtp.ionos.com", IMPLICIT},
    {"ionos-de", "smtp.ionos.de", IMPLICIT},
    {"mail.ru", "smtp.mail.ru", IMPLICIT},
    {"mailgun", "smtp.mailgun.org", IMPLICIT},
    {"mailgun-eu", "smtp.eu.mailgun.org", IMPLICIT},
    {"mailjet", "in-v3.mailjet.com", STARTTLS},
    {"mailtrap", "live.smtp.mailtrap.io", STARTTLS},
    {"mailtrap-sandbox", "sandbox.smtp.mailtrap.io", 2525, SMTP_TLS_STARTTLS},
    {"office365", "smtp.office365.com", STARTTLS},
    {"outlook", "smtp-mail.outlook.com", STARTTLS},
    {"ovh", "ssl0.ovh.net", IMPLICIT},
    {"postmark", "smtp.postmarkapp.com", STARTTLS},
    {"qq", "smtp.qq.com", IMPLICIT},
    {"sendgrid", "smtp.sendgrid.net", IMPLICIT},
    SES("ap-northeast-1"),
    SES("ap-northeast-2"),
    SES("ap-northeast-3"),
    SES("ap-south-1"),
    SES("ap-southeast-1"),
    SES("ap-southeast-2"),
    SES("ca-central-1"),
    SES("eu-central-1"),
    SES("eu-north-1"),
    SES("eu-west-1"),
    SES("eu-west-2"),
    SES("eu-west-3"),
    SES("sa-east-1"),
    SES("us-east-1"),
    SES("us-east-2"),
    SES("us-gov-east-1"),
    SES("us-gov-west-1"),
    SES("us-west-1"),
    SES("us-west-2"),
    {"sparkpost", "smtp.sparkpostmail.com", STARTTLS},
    {"sparkpost-eu", "smtp.eu.sparkpostmail.com", STARTTLS},
    {"yahoo", "smtp.mail.yahoo.com", IMPLICIT},
    {"yandex", "smtp.yandex.ru", IMPLICIT},
    {"zoho", "smtp.zoho.com", IMPLICIT},
    {"zoho-eu", "smtp.zoho.eu", IMPLICIT},
};

const struct smtp_service *smtp_service_at(size_t row)
{
    return row < sizeof services / sizeof services[0] ? &services[row] : NULL;
}

const struct smtp_service *smtp_service_find(struct str name)
{
    for (size_t row = 0; smtp_service_at(row); row++)
        if (str_equal_nocase(name, str_of(services[row].name)))
            return &services[row];
    return NULL;
}
