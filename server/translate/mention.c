#include "translate/mention.h"

#include <string.h>

#include "translate/pseudonym_text.h"

enum { STEM_LETTERS_MIN = 2, CYRILLIC_BYTES = 2 };

/* Folded words, each between two spaces. What is also an ordinary word in one of its cases is left out there. */
static const char *const RELATIVES[] = {
    " мама мамы маме маму мамой мамою мам мамка мамки мамке мамку мамкой мамочка мамочки мамочке мамочку мамочкой "
    "мамуля "
    "мамули мамуле мамулю мамулей мамин мамина мамино мамины мамину маминой маминого маминых мать матери матерью "
    "матерей "
    "маман мамаша мамаши мамаше мамашу мамашей мачеха мачехи мачехе мачеху мачехой ",
    " папа папы папе папу папой папою пап папаша папаши папаше папашу папашей папочка папочки папочке папочку "
    "папочкой папуля папули папуле папулю папулей папик папин папина папино папины папину папиной папиного папиных "
    "отец "
    "отца отцу отцом отце отцов отцы батя бати бате батю батей батька батьки батьке батьку батькой отчим отчима отчиму "
    "отчимом отчиме ",
    " родитель родителя родителю родителем родители родителей родителям родителями родителях муж мужа мужу мужем муже "
    "жена "
    "жены жене жену женой супруг супруга супругу супругом супруги бывший бывшего бывшему бывшим бывшая бывшей бывшую ",
    " бабушка бабушки бабушке бабушку бабушкой бабуля бабули бабуле бабулю бабулей баба бабе бабу бабой бабушкин "
    "бабушкина бабушкины дедушка дедушки дедушке дедушку дедушкой деда дед деду дедом деде дедуля дедули дедуле дедулю "
    "дедулей дедушкин дядя дяди дяде дядю дядей дядька тетя тети тете тетю тетей тетка тетки тетке тетку теткой "
    "свекровь "
    "свекрови свекровью теща тещи теще тещу тещей тесть тестя тестю тестем свекор свекра свекру свекром ",
    " mom moms mommy mommys mum mums mummy mummys mama mamas mother mothers stepmom stepmum stepmother dad dads daddy "
    "daddys papa papas father fathers stepdad stepfather parent parents husband husbands wife ex ",
    " grandma grandmas granny gran grandmother nana nan grandpa grandpas granddad grandad grandfather grandparents "
    "uncle "
    "uncles aunt aunts auntie aunty ",
    /* as they are typed in Latin letters */
    " papy pape papu papoj papoi mamy mame mamu mamoj mamoi otec otca otchim babushka dedushka ",
};

/* Endings of a name's cases, and of what belongs to its bearer. */
static const char ENDINGS[] =
    " а я у ю е и ы о ь й ой ей ою ею ом ем ам ям ам ами ями ах ях ии ию ия ием ин ина ину ины "
    "иной ов ова ову ев ева ек ка ке ку кой ки s ";

static bool in_list(const char *list, const char *word)
{
    char spaced[FAM_PSEUDONYM_WORD_BYTES + 2];
    size_t size = strlen(word);
    if (size == 0 || size + 3 > sizeof(spaced)) {
        return false;
    }
    spaced[0] = ' ';
    memcpy(spaced + 1, word, size);
    memcpy(spaced + 1 + size, " ", 2);
    return strstr(list, spaced) != NULL;
}

/* A name without the vowel or sign that its cases change: анн of анна, ол of оля, серге of сергей. */
static size_t stem_size(const char *name, bool cyrillic)
{
    static const char ENDS[] = " а я у ю е и ы о ь й ";
    size_t size = strlen(name);
    if (!cyrillic || size < (STEM_LETTERS_MIN + 1) * CYRILLIC_BYTES) {
        return size;
    }
    return in_list(ENDS, name + size - CYRILLIC_BYTES) ? size - CYRILLIC_BYTES : size;
}

static bool is_form_of(const char *word, const char *name, bool cyrillic)
{
    size_t stem = stem_size(name, cyrillic);
    if (strcmp(word, name) == 0) {
        return true;
    }
    if (strncmp(word, name, stem) != 0) {
        return false;
    }
    return word[stem] == '\0' || in_list(ENDINGS, word + stem);
}

static bool is_relative(const struct fam_pseudonym_words *words, size_t i)
{
    for (size_t list = 0; list < FAM_ARRAY_SIZE(RELATIVES); list++) {
        if (fam_pseudonym_among(words, i, RELATIVES[list])) {
            return true;
        }
    }
    return false;
}

static bool names_someone(const struct fam_pseudonym_words *words, const struct fam_pseudonym_words *name)
{
    for (size_t i = 0; i < words->count; i++) {
        for (size_t j = 0; j < name->count; j++) {
            const struct fam_pseudonym_word *part = &name->items[j];
            if (!part->number && part->letters >= STEM_LETTERS_MIN && !words->items[i].number &&
                is_form_of(words->items[i].folded, part->folded, part->cyrillic)) {
                return true;
            }
        }
    }
    return false;
}

enum fam_code fam_mention_find(const char *text, const char *const *names, size_t name_count, bool *ret_found,
                               struct fam_status *status)
{
    fam_auto(fam_pseudonym_words_done) struct fam_pseudonym_words words = {.text = NULL};
    *ret_found = false;
    if (!fam_pseudonym_words_init(&words, text)) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < words.count && !*ret_found; i++) {
        *ret_found = is_relative(&words, i);
    }
    for (size_t i = 0; i < name_count && !*ret_found; i++) {
        fam_auto(fam_pseudonym_words_done) struct fam_pseudonym_words name = {.text = NULL};
        if (!fam_pseudonym_words_init(&name, names[i])) {
            return fam_fail_memory(status);
        }
        *ret_found = names_someone(&words, &name);
    }
    return FAM_OK;
}

enum fam_code fam_mention_of_family(const struct fam_family *family, const char *phrase, const char *happened_before,
                                    bool *ret_found, struct fam_status *status)
{
    const char *names[FAM_MENTION_NAMES_MAX];
    size_t count = 0;
    while (count < family->parent_count && count < FAM_MENTION_NAMES_MAX) {
        names[count] = family->parents[count].name;
        count++;
    }
    enum fam_code code = fam_mention_find(phrase, names, count, ret_found, status);
    if (code == FAM_OK && !*ret_found) {
        code = fam_mention_find(happened_before, names, count, ret_found, status);
    }
    if (code == FAM_OK && family->parent_count > FAM_MENTION_NAMES_MAX) {
        *ret_found = true; /* more than can be looked for */
    }
    return code;
}
