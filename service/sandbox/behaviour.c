#include "service/sandbox/behaviour.h"

#include <string.h>

static const struct str step_names[SANDBOX_STEP_COUNT] = {
    [SANDBOX_STEP_GREETING] = STR("greeting"), [SANDBOX_STEP_EHLO] = STR("ehlo"),
    [SANDBOX_STEP_STARTTLS] = STR("starttls"), [SANDBOX_STEP_TLS] = STR("tls"),
    [SANDBOX_STEP_AUTH] = STR("auth"),         [SANDBOX_STEP_MAIL] = STR("mail"),
    [SANDBOX_STEP_RCPT] = STR("rcpt"),         [SANDBOX_STEP_DATA] = STR("data"),
    [SANDBOX_STEP_CONTENT] = STR("content"),   [SANDBOX_STEP_END_OF_DATA] = STR("end_of_data"),
};

#define AT_RCPT(name, reply, meaning)                                                                        \
    {                                                                                                        \
        STR(name), SANDBOX_STEP_RCPT, {0, false, false, reply, ""}, meaning                                  \
    }
#define AT_END(name, reply, meaning)                                                                         \
    {                                                                                                        \
        STR(name), SANDBOX_STEP_END_OF_DATA, {0, false, false, reply, ""}, meaning                           \
    }
#define DROP(name, step, meaning)                                                                            \
    {                                                                                                        \
        STR(name), step, {0, true, false, "", ""}, meaning                                                   \
    }

const struct sandbox_address sandbox_addresses[] = {
    AT_RCPT("bounce", "550 5.1.1 User unknown", "the recipient is refused"),
    AT_RCPT("defer", "451 4.2.1 Mailbox busy, try again later", "the recipient is deferred"),
    AT_RCPT("mailbox-full", "452 4.2.2 Mailbox full", "the recipient is deferred for want of room"),
    AT_RCPT("busy", "421 4.3.2 Too busy, closing", "the session is ended at the recipient"),
    DROP("drop-at-rcpt", SANDBOX_STEP_RCPT, "the connection is lost at the recipient"),
    DROP("drop-before-dot", SANDBOX_STEP_DATA, "the connection is lost before the message"),
    DROP("drop-after-dot", SANDBOX_STEP_END_OF_DATA,
         "the message is taken, and the connection lost before that is said"),
    AT_END("reject-message", "554 5.6.0 Message content rejected", "the message is refused"),
    AT_END("defer-message", "451 4.3.0 Temporary failure, try again later", "the message is deferred"),
    {STR("slow"),
     SANDBOX_STEP_END_OF_DATA,
     {3000, false, false, "", ""},
     "the message is taken after three seconds"},
};
const size_t sandbox_address_count = sizeof sandbox_addresses / sizeof sandbox_addresses[0];

struct str sandbox_step_name(enum sandbox_step step)
{
    return step_names[step];
}

void sandbox_behaviour_init(struct sandbox_behaviour *behaviour)
{
    pthread_mutex_init(&behaviour->lock, NULL);
    behaviour->count = 0;
}

void sandbox_behaviour_fini(struct sandbox_behaviour *behaviour)
{
    pthread_mutex_destroy(&behaviour->lock);
}

void sandbox_behaviour_set(struct sandbox_behaviour *behaviour, const struct sandbox_rule *rules,
                           size_t count)
{
    pthread_mutex_lock(&behaviour->lock);
    if (count)
        memcpy(behaviour->rules, rules, count * sizeof *rules);
    behaviour->count = count;
    pthread_mutex_unlock(&behaviour->lock);
}

size_t sandbox_behaviour_get(struct sandbox_behaviour *behaviour,
                             struct sandbox_rule rules[static SANDBOX_MAX_RULES])
{
    pthread_mutex_lock(&behaviour->lock);
    size_t count = behaviour->count;
    memcpy(rules, behaviour->rules, count * sizeof *rules);
    pthread_mutex_unlock(&behaviour->lock);
    return count;
}

static bool fits(const struct sandbox_rule *rule, enum sandbox_step step, struct str recipient)
{
    return rule->step == step &&
           (!rule->recipient[0] || str_equal_nocase(str_of(rule->recipient), recipient));
}

static void use(struct sandbox_behaviour *behaviour, size_t place)
{
    struct sandbox_rule *rule = &behaviour->rules[place];
    rule->used++;
    if (rule->times == 0 || --rule->times > 0)
        return;
    behaviour->count--;
    memmove(rule, rule + 1, (behaviour->count - place) * sizeof *rule);
}

bool sandbox_behaviour_act(struct sandbox_behaviour *behaviour, enum sandbox_step step, struct str recipient,
                           struct sandbox_act *act)
{
    pthread_mutex_lock(&behaviour->lock);
    size_t place = 0;
    while (place < behaviour->count && !fits(&behaviour->rules[place], step, recipient))
        place++;
    bool found = place < behaviour->count;
    if (found) {
        *act = behaviour->rules[place].act;
        use(behaviour, place);
    }
    pthread_mutex_unlock(&behaviour->lock);
    return found;
}

const struct sandbox_address *sandbox_address_find(struct str recipient)
{
    size_t at = str_last_index(recipient, '@');
    if (!str_equal_nocase(str_from(recipient, at + 1), STR(SANDBOX_ADDRESS_DOMAIN)))
        return NULL;
    for (size_t i = 0; i < sandbox_address_count; i++)
        if (str_equal_nocase(str_first(recipient, at), sandbox_addresses[i].name))
            return &sandbox_addresses[i];
    return NULL;
}
