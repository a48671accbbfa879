#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "translate/pseudonym_spans.h"

enum {
    DIGITS_MAX = 24,
    GROUPS_MAX = 12,
    PHONE_MIN = 10,
    PHONE_MAX = 15,
    LOCAL_PHONE = 7,
    LONG_NUMBER = 6,
    HANDLE_DIGITS = 4,
    YEAR_DIGITS = 4,
    TAG_DIGITS = 4,
    DOMAIN_MAX = 253,
};

static void add(struct fam_pseudonym_spans *spans, size_t start, size_t end, enum fam_pseudonym_kind kind)
{
    const struct fam_pseudonym_span span = {.start = start, .end = end, .kind = kind, .known = FAM_PSEUDONYM_NOT_KNOWN};
    fam_pseudonym_spans_add(spans, &span);
}

static utf8proc_int32_t decode(const char *text, size_t at, size_t *ret_step)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at, -1, &c);
    *ret_step = step > 0 ? (size_t)step : 1;
    return text[at] == '\0' ? 0 : c;
}

static bool is_space(utf8proc_int32_t c)
{
    return c <= ' ' || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
}

static bool is_wordy(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC) ||
           category == UTF8PROC_CATEGORY_ND;
}

static bool is_ascii_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Where a run of characters that make links ends; marks at the very end belong to the sentence. */
static size_t link_end(const char *text, size_t at)
{
    size_t end = at;
    while (text[at] != '\0') {
        size_t step = 0;
        utf8proc_int32_t c = decode(text, at, &step);
        if (is_space(c) || strchr("<>\"|", c < 0x80 ? (char)c : 'x') != NULL || c == 0xab || c == 0xbb || c == 0x201c ||
            c == 0x201d) {
            break;
        }
        at += step;
        end = strchr(".,;:!?)]'", c < 0x80 ? (char)c : 'x') == NULL ? at : end;
    }
    return end;
}

/* The end of a domain that begins at `at`, 0 when there is none; *ret_top is its last label. */
static size_t domain_end(const char *text, size_t at, size_t *ret_top)
{
    size_t dots = 0, label = at, start = at;
    while (text[at] != '\0') {
        if (at - start > DOMAIN_MAX) {
            return 0;
        }
        size_t step = 0;
        utf8proc_int32_t c = decode(text, at, &step);
        if (c == '.' && at > label) {
            size_t next = 0;
            if (!is_wordy(decode(text, at + 1, &next))) {
                break;
            }
            dots++;
            label = at + 1;
        } else if (!is_wordy(c) && c != '-') {
            break;
        }
        at += step;
    }
    *ret_top = label;
    return dots > 0 && at > label ? at : 0;
}

static bool is_top(const char *label, size_t size, bool with_path)
{
    static const char *const sure[] = {"com", "ru", "org", "net", "info", "рф",  "su",   "edu",
                                       "gov", "uk", "de",  "app", "tv",   "kz",  "ua",   "by",
                                       "io",  "fr", "dev", "biz", "pro",  "xyz", "site", "online"};
    static const char *const with_paths[] = {"me", "be", "us",   "it", "co", "gg", "ly",
                                             "so", "to", "link", "cc", "gl", "ai"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(sure); i++) {
        if (strlen(sure[i]) == size && strncasecmp(sure[i], label, size) == 0) {
            return true;
        }
    }
    for (size_t i = 0; with_path && i < FAM_ARRAY_SIZE(with_paths); i++) {
        if (strlen(with_paths[i]) == size && strncasecmp(with_paths[i], label, size) == 0) {
            return true;
        }
    }
    return false;
}

static size_t find_link(const char *text, size_t at, struct fam_pseudonym_spans *spans)
{
    static const char *const schemes[] = {"http://", "https://", "www.", "ftp://", "tg://", "mailto:"};
    size_t top = 0, end = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(schemes); i++) {
        if (strncasecmp(text + at, schemes[i], strlen(schemes[i])) == 0) {
            end = link_end(text, at);
            add(spans, at, end, FAM_HIDDEN_URL);
            return end;
        }
    }
    size_t domain = domain_end(text, at, &top);
    if (domain == 0 || text[domain] == '@' || !is_top(text + top, domain - top, text[domain] == '/')) {
        return at;
    }
    end = text[domain] == '/' || text[domain] == ':' || text[domain] == '?' ? link_end(text, at) : domain;
    end = end < domain ? domain : end;
    add(spans, at, end, FAM_HIDDEN_URL);
    return end;
}

/* At an @: the handle or the address around it. */
static size_t find_at_sign(const char *text, size_t at, struct fam_pseudonym_spans *spans)
{
    size_t start = at, end = at + 1, top = 0;
    while (start > 0 && (is_ascii_word(text[start - 1]) || strchr(".%+-", text[start - 1]) != NULL ||
                         (unsigned char)text[start - 1] >= 0x80)) {
        start--;
    }
    while (start < at) { /* not in the middle of a character, and no quote before a name */
        size_t step = 0;
        utf8proc_int32_t c = decode(text, start, &step);
        if (((unsigned char)text[start] & 0xc0) != 0x80 && (is_wordy(c) || c == '+' || c == '%')) {
            break;
        }
        start++;
    }
    size_t domain = domain_end(text, at + 1, &top);
    if (start < at && domain != 0) {
        add(spans, start, domain, FAM_HIDDEN_EMAIL);
        return domain;
    }
    while (text[end] != '\0') {
        size_t step = 0;
        bool dot = text[end] == '.' && is_ascii_word(text[end + 1]);
        if (!dot && !is_wordy(decode(text, end, &step))) {
            break;
        }
        end += dot ? 1 : step;
    }
    if (end < at + 3) {
        return at;
    }
    add(spans, start, end, start < at ? FAM_HIDDEN_EMAIL : FAM_HIDDEN_HANDLE);
    return end;
}

/* A name of an account without its @: masha_2010, Alex201015. */
static size_t find_nick(const char *text, size_t at, struct fam_pseudonym_spans *spans)
{
    size_t end = at, digits = 0, letters = 0;
    bool underscore = false;
    for (; is_ascii_word(text[end]); end++) {
        bool digit = text[end] >= '0' && text[end] <= '9';
        digits += digit ? 1 : 0;
        letters += digit || text[end] == '_' ? 0 : 1;
        underscore = underscore || (text[end] == '_' && end > at && is_ascii_word(text[end + 1]));
    }
    size_t step = 0;
    if (letters < 2 || (!underscore && digits < HANDLE_DIGITS) || end - at < 5 || text[end] == '@' ||
        is_wordy(decode(text, end, &step))) {
        return at;
    }
    add(spans, at, end, FAM_HIDDEN_HANDLE);
    return end;
}

/* Digits with what may stand between the groups of a phone. */
struct run {
    size_t end; /* after the last digit */
    size_t digits, groups;
    size_t sizes[GROUPS_MAX];
    char first[DIGITS_MAX]; /* the digits */
    bool plus, bracket, hyphen, dot, slash, space;
};

static int digit_of(utf8proc_int32_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 0xff10 && c <= 0xff19 ? c - 0xff10 : c >= 0x660 && c <= 0x669 ? c - 0x660 : -1;
}

static bool is_dash(utf8proc_int32_t c)
{
    return c == '-' || (c > 0x80 && utf8proc_category(c) == UTF8PROC_CATEGORY_PD) || c == 0x2212;
}

static void read_run(const char *text, size_t at, struct run *run)
{
    *run = (struct run){.plus = text[at] == '+', .end = at};
    size_t between = 0; /* signs since the last digit */
    bool hyphen = false, dot = false, slash = false, space = false;
    for (at += run->plus ? 1 : 0; text[at] != '\0' && between <= 3;) {
        size_t step = 0;
        utf8proc_int32_t c = decode(text, at, &step);
        int digit = digit_of(c);
        if (digit >= 0) {
            bool fresh = run->digits == 0 || between > 0;
            if (run->digits >= DIGITS_MAX || (fresh && run->groups >= GROUPS_MAX)) {
                return;
            }
            run->hyphen = run->hyphen || hyphen;
            run->dot = run->dot || dot;
            run->slash = run->slash || slash;
            run->space = run->space || space;
            run->groups += fresh ? 1 : 0;
            run->sizes[run->groups - 1]++;
            run->first[run->digits++] = (char)('0' + digit);
            at += step;
            run->end = at;
            between = 0;
            continue;
        }
        size_t next = 0;
        bool ends_here = c == '.' && digit_of(decode(text, at + 1, &next)) < 0;
        if (ends_here || !(c == ' ' || c == 0xa0 || c == '(' || c == ')' || c == '.' || c == '/' || is_dash(c))) {
            return;
        }
        run->bracket = run->bracket || (c == '(' && between <= 1);
        hyphen = is_dash(c);
        dot = c == '.';
        slash = c == '/';
        space = c == ' ' || c == 0xa0;
        between++;
        at += step;
    }
}

/* d.m.y or y-m-d with one kind of separator. */
static bool is_date(const struct run *run)
{
    if (run->groups != 3 || run->space || run->bracket || run->plus) {
        return false;
    }
    bool dmy = run->sizes[0] <= 2 && run->sizes[1] <= 2 && (run->sizes[2] == 2 || run->sizes[2] == YEAR_DIGITS);
    bool ymd = run->sizes[0] == YEAR_DIGITS && run->sizes[1] <= 2 && run->sizes[2] <= 2;
    bool plain = run->dot || run->slash || run->hyphen;
    return plain && (dmy || ymd) && !(run->hyphen && dmy && run->sizes[2] == 2 && run->sizes[0] == 1);
}

static bool all_groups_short(const struct run *run)
{
    for (size_t i = 0; i < run->groups; i++) {
        if (run->sizes[i] > 2) {
            return false;
        }
    }
    return true;
}

/* 1 000 000, or 2015-2016. */
static bool is_amount_or_years(const struct run *run)
{
    bool thousands = run->groups > 1 && run->sizes[0] <= 3 && run->space && !run->hyphen && !run->bracket && !run->plus;
    for (size_t i = 1; i < run->groups; i++) {
        thousands = thousands && run->sizes[i] == 3;
    }
    bool years = run->groups == 2 && run->sizes[0] == YEAR_DIGITS && run->sizes[1] == YEAR_DIGITS && run->hyphen &&
                 (run->first[0] == '1' || run->first[0] == '2');
    return (thousands && run->digits <= 9) || years;
}

static size_t single_group(const char *text, size_t at)
{
    size_t step = 0;
    while (digit_of(decode(text, at, &step)) >= 0) {
        at += step;
    }
    return at;
}

static bool find_number(const char *text, size_t at, struct fam_pseudonym_spans *spans, size_t *ret_end)
{
    struct run run;
    read_run(text, at, &run);
    *ret_end = run.end;
    if (is_date(&run)) {
        add(spans, at, run.end, FAM_HIDDEN_DATE);
        return true;
    }
    if (run.digits < LONG_NUMBER || is_amount_or_years(&run)) {
        *ret_end = at; /* its groups are looked at one by one */
        return false;
    }
    bool counting =
        run.space && all_groups_short(&run) && !run.plus && !run.bracket && run.first[0] != '0' && !run.hyphen;
    bool document = run.sizes[0] == YEAR_DIGITS && run.groups > 1 && run.digits >= PHONE_MIN;
    bool ranges = run.digits < PHONE_MIN && !run.plus && !run.bracket && run.groups > 1 && run.digits != LOCAL_PHONE;
    bool local = run.digits == LOCAL_PHONE && run.groups > 1 && !run.hyphen && !run.bracket;
    if (counting || (ranges && !run.hyphen) || local || (run.groups > 1 && run.digits < LOCAL_PHONE)) {
        *ret_end = at;
        return false;
    }
    bool phone = !document && ((run.plus && run.digits >= 8) || run.bracket ||
                               (run.digits >= PHONE_MIN && run.digits <= PHONE_MAX) ||
                               (run.digits == LOCAL_PHONE && run.groups > 1));
    *ret_end = single_group(text, run.end);
    add(spans, at, *ret_end, phone ? FAM_HIDDEN_PHONE : FAM_HIDDEN_NUMBER);
    return true;
}

/* At the beginning of something: returns where it ends, `at` when nothing is there. */
static size_t find_at(const char *text, size_t at, bool begins, struct fam_pseudonym_spans *spans)
{
    size_t step = 0, next = 0;
    utf8proc_int32_t c = decode(text, at, &step);
    bool digit = digit_of(c) >= 0;
    bool opening = (c == '+' || c == '(') && digit_of(decode(text, at + 1, &next)) >= 0;
    if (begins && is_wordy(c)) {
        size_t end = find_link(text, at, spans);
        end = end == at ? find_nick(text, at, spans) : end;
        if (end != at) {
            return end;
        }
    }
    if (opening || (digit && begins)) {
        size_t end = at;
        return find_number(text, at, spans, &end) ? end : single_group(text, at);
    }
    return at;
}

static const char months[] =
    " января февраля марта апреля мая июня июля августа сентября октября ноября декабря january february march april "
    "may "
    "june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec ";

/* "12 мая 2015", "May 12th, 2015", "12th of May 2015". */
static void find_worded_dates(const struct fam_pseudonym_words *words, struct fam_pseudonym_spans *spans)
{
    for (size_t i = 0; i < words->count; i++) {
        if (words->items[i].number || !fam_pseudonym_among(words, i, months)) {
            continue;
        }
        size_t first = i, last = i + 1;
        if (first > 0 && fam_pseudonym_is(words, first - 1, "of")) {
            first--;
        }
        if (first > 0 && fam_pseudonym_among(words, first - 1, " th st nd rd го ")) {
            first--;
        }
        bool before = first > 0 && words->items[first - 1].number && words->items[first - 1].letters <= 2;
        bool after = last < words->count && words->items[last].number && words->items[last].letters <= 2;
        if (!before && after) {
            last += fam_pseudonym_among(words, last + 1, " th st nd rd ") ? 2 : 1;
        }
        bool year = last < words->count && words->items[last].number && words->items[last].letters == YEAR_DIGITS &&
                    fam_pseudonym_gap(words, last - 1, " |, |,");
        if ((before || after) && year) {
            size_t start = words->items[before ? first - 1 : i].start;
            add(spans, start, words->items[last].end, FAM_HIDDEN_DATE);
        }
    }
}

/* "instagram: masha.petrova": after the network's name an account may hold dots. */
static void find_named_accounts(const struct fam_pseudonym_words *words, struct fam_pseudonym_spans *spans)
{
    static const char networks[] =
        " instagram insta инста инстаграм ник nick nickname telegram телеграм тг tg tiktok тикток "
        "discord дискорд skype скайп вк vk snap snapchat whatsapp вотсап аккаунт account логин ";
    for (size_t i = 0; i + 1 < words->count; i++) {
        if (!fam_pseudonym_among(words, i, networks) || !fam_pseudonym_gap(words, i, " |: |:| - ")) {
            continue;
        }
        const char *text = words->text;
        size_t start = words->items[i + 1].start, end = start, marks = 0;
        for (; is_ascii_word(text[end]) || (text[end] == '.' && is_ascii_word(text[end + 1])); end++) {
            marks += text[end] == '.' || text[end] == '_' || (text[end] >= '0' && text[end] <= '9') ? 1 : 0;
        }
        if (marks > 0 && end - start > 3) {
            add(spans, start, end, FAM_HIDDEN_HANDLE);
        }
    }
}

/* "wolf#1234", as games and chats tell two of one name apart. */
static void find_tags(const struct fam_pseudonym_words *words, struct fam_pseudonym_spans *spans)
{
    for (size_t i = 0; i + 1 < words->count; i++) {
        const struct fam_pseudonym_word *name = &words->items[i];
        const struct fam_pseudonym_word *number = &words->items[i + 1];
        if (!name->number && number->number && number->letters == TAG_DIGITS && words->text[name->end] == '#' &&
            name->end + 1 == number->start) {
            add(spans, name->start, number->end, FAM_HIDDEN_HANDLE);
        }
    }
}

void fam_pseudonym_find_contacts(const struct fam_pseudonym_words *words, struct fam_pseudonym_spans *spans)
{
    const char *text = words->text;
    bool begins = true;
    for (size_t at = 0; text[at] != '\0';) {
        size_t step = 0;
        utf8proc_int32_t c = decode(text, at, &step);
        size_t end = at;
        if (c == '{' || c == '}') {
            add(spans, at, at + 1, c == '{' ? FAM_HIDDEN_OPEN : FAM_HIDDEN_CLOSE);
        } else if (c == '@') {
            end = find_at_sign(text, at, spans);
        } else {
            end = find_at(text, at, begins, spans);
        }
        begins = end > at || !is_wordy(c);
        at = end > at ? end : at + step;
    }
    find_worded_dates(words, spans);
    find_named_accounts(words, spans);
    find_tags(words, spans);
}
