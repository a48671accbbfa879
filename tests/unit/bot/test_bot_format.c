/* Text for Telegram: escaping, lengths, cutting; and what stands in a button. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "callback.h"
#include "telegram/format.h"

Test(bot_format, what_people_write_never_becomes_markup)
{
    struct fam_html html;
    fam_html_init(&html);
    fam_html_add(&html, "<b>&\"'</b>");
    fam_html_add_bold(&html, "a<i>\nb");
    fam_html_add_italic(&html, "");
    cr_assert_str_eq(fam_html_text(&html), "&lt;b&gt;&amp;&quot;'&lt;/b&gt;<b>a&lt;i&gt; b</b>");
    cr_assert_eq(html.units, strlen("<b>&\"'</b>a<i> b"));
    fam_html_done(&html);
}

Test(bot_format, lengths_are_utf16_units_and_bad_bytes_are_replaced)
{
    struct fam_html html;
    fam_html_init(&html);
    fam_html_add(&html, "ж😀");
    cr_assert_eq(html.units, 3);
    fam_html_clear(&html);
    fam_html_add(&html, "a\xff\x01z");
    cr_assert_str_eq(fam_html_text(&html), "a\xEF\xBF\xBDz");
    fam_html_done(&html);
}

Test(bot_format, lines_and_paragraphs_end_once)
{
    struct fam_html html;
    fam_html_init(&html);
    fam_html_end_paragraph(&html);
    fam_html_add(&html, "a");
    fam_html_end_line(&html);
    fam_html_end_line(&html);
    fam_html_end_paragraph(&html);
    fam_html_end_paragraph(&html);
    fam_html_add(&html, "b");
    cr_assert_str_eq(fam_html_text(&html), "a\n\nb");
    fam_html_done(&html);
}

/* Units shown of a piece of markup. */
static size_t shown(const char *text, size_t size)
{
    char *plain = calloc(1, size + 1);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '<') {
            while (text[i] != '>')
                i++;
        } else if (text[i] == '&') {
            while (text[i] != ';')
                i++;
            plain[used++] = '&';
        } else {
            plain[used++] = text[i];
        }
    }
    size_t units = fam_utf16_length(plain);
    free(plain);
    return units;
}

Test(bot_format, a_long_message_is_cut_at_a_paragraph)
{
    struct fam_html html;
    fam_html_init(&html);
    for (int i = 0; i < 120; i++) {
        fam_html_add_bold(&html, "Заголовок & <знак>");
        fam_html_end_line(&html);
        fam_html_add(&html, "слова 😀 и ещё слова, которых много & больше");
        fam_html_end_paragraph(&html);
    }
    const char *rest = fam_html_text(&html), *start;
    size_t size, parts = 0, total = 0;
    while (fam_html_next_message(&rest, 4096, &start, &size)) {
        cr_assert_leq(shown(start, size), 4096);
        cr_assert_eq(strncmp(start, "<b>", 3), 0, "a part begins with a paragraph");
        parts++;
        total += size;
    }
    cr_assert_geq(parts, 2);
    cr_assert_geq(total + parts * 4, html.buf.size);
    fam_html_done(&html);
}

Test(bot_format, a_text_without_any_end_is_cut_between_characters)
{
    struct fam_html html;
    fam_html_init(&html);
    for (int i = 0; i < 3000; i++)
        fam_html_add(&html, i % 3 ? "ж" : i % 2 ? "😀" : "&");
    const char *rest = fam_html_text(&html), *start;
    size_t size;
    while (fam_html_next_message(&rest, 1000, &start, &size)) {
        char *part = strndup(start, size);
        cr_assert(fam_utf8_valid(part, size));
        cr_assert_leq(shown(start, size), 1000);
        cr_assert_gt(size, 0);
        free(part);
    }
    fam_html_done(&html);
}

static struct fam_callback_signer signer;

static void set_up(void)
{
    static const char token[] = "123456:ABC-def";
    struct fam_secret secret = {0};
    cr_assert(fam_secret_set(&secret, token, sizeof(token) - 1));
    cr_assert(fam_callback_init(&signer, &secret));
    fam_secret_done(&secret);
}

static void tear_down(void)
{
    fam_callback_done(&signer);
}

TestSuite(bot_callback, .init = set_up, .fini = tear_down);

Test(bot_callback, a_button_comes_back_as_it_was_made)
{
    char data[FAM_CALLBACK_SIZE];
    struct fam_callback made = {.action = 'w', .argument = 200, .entry = fam_uuid_v7(), .detail = 0xBEEF}, read;
    fam_callback_sign(&signer, &made, 77, 1000000, data);
    cr_assert_leq(strlen(data), 64);
    cr_assert_eq(fam_callback_verify(&signer, data, 77, 1000000, &read), FAM_CALLBACK_VALID);
    cr_assert_eq(read.action, 'w');
    cr_assert_eq(read.argument, 200);
    cr_assert(fam_uuid_equal(&read.entry, &made.entry));
    cr_assert_eq(read.detail, 0xBEEF);
}

Test(bot_callback, a_button_of_the_form_without_a_detail_still_works)
{
    static const char old[] = "dwNle34AAAECAwQFBgcICQoLDA0OD-IzLtJj-mia3KcxA_rKCQM";
    struct fam_callback read;
    int64_t now_ms = 1700000000000;
    cr_assert_eq(fam_callback_verify(&signer, old, 77, now_ms, &read), FAM_CALLBACK_VALID);
    cr_assert_eq(read.action, 'w');
    cr_assert_eq(read.argument, 3);
    cr_assert_eq(read.entry.bytes[15], 15);
    cr_assert_eq(read.detail, 0);
    cr_assert_eq(fam_callback_verify(&signer, old, 78, now_ms, &read), FAM_CALLBACK_FORGED);
}

Test(bot_callback, a_foreign_an_old_and_a_changed_button_are_refused)
{
    char data[FAM_CALLBACK_SIZE];
    struct fam_callback made = {.action = 'w'}, read;
    int64_t now_ms = 1700000000000;
    fam_callback_sign(&signer, &made, 77, now_ms, data);
    cr_assert_eq(fam_callback_verify(&signer, data, 78, now_ms, &read), FAM_CALLBACK_FORGED);
    int64_t later_ms = now_ms + (FAM_CALLBACK_DAYS + 1) * (int64_t)86400000;
    cr_assert_eq(fam_callback_verify(&signer, data, 77, later_ms, &read), FAM_CALLBACK_STALE);
    for (size_t i = 0; data[i]; i++) {
        char changed[FAM_CALLBACK_SIZE];
        memcpy(changed, data, sizeof(changed));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        cr_assert_eq(fam_callback_verify(&signer, changed, 77, now_ms, &read), FAM_CALLBACK_FORGED, "byte %zu", i);
    }
    static const char *const bad[] = {"", "A", "not base64!", "AAAA"};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(fam_callback_verify(&signer, bad[i], 77, now_ms, &read), FAM_CALLBACK_FORGED);
    cr_assert_eq(fam_callback_verify(&signer, data, 77, now_ms, &read), FAM_CALLBACK_VALID);
}
