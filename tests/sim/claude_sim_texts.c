/* claude_sim_texts.c: sentences for a reading, by property and kind of response; see claude_sim_state.h.
 *
 * No two entries share a text, so that one reading never says a thing twice. The sentences fit a child of any age and
 * sex, and any feeling. */
#include <string.h>
#include <strings.h>

#include "sim/claude_sim_state.h"

enum { VARIANTS = 3 };

struct sentence {
    const char *property;
    const char *kind; /* part of the enum value beside it; "": any */
    const char *russian[VARIANTS];
    const char *english[VARIANTS];
};

static const struct sentence sentences[] = {
    {"going_on",
     "",
     {"Похоже, сейчас {} не справляется с сильным чувством, и слова выходят резкими.",
      "Скорее всего, {} так показывает, что день был трудным и сил осталось мало.",
      "Кажется, {} ищет, как сказать о важном, и пока получается только так."},
     {"It seems that {} can't hold a strong feeling right now, and the words come out sharp.",
      "Most likely {} is showing that the day was hard and little strength is left.",
      "It looks as if {} is looking for a way to say something important."}},
    {"second_reading",
     "",
     {"Возможно и другое: это усталость после длинного дня.",
      "Возможно и другое: за этим стоит обида, о которой трудно сказать прямо.",
      "Возможно и другое: это проверка, рядом ли взрослый в трудную минуту."},
     {"It may also be tiredness after a long day.", "It may also be a hurt that is hard to put into words.",
      "It may also be a test whether an adult stays close in a hard moment."}},
    {"need_text",
     "",
     {"Сейчас важнее всего, чтобы взрослый был рядом и услышал.",
      "Нужно немного покоя и понимание, что связь с вами не нарушена.",
      "Хочется, чтобы с этим чувством помогли, а не торопили его пройти."},
     {"What matters most now is an adult who stays near and listens.",
      "Some calm is needed, and the certainty that the bond with you holds.",
      "Help with this feeling is wished for, not hurry."}},
    {"avoid",
     "",
     {"Не спорьте о словах и не требуйте сразу извинений.", "Не сравнивайте с другими детьми.",
      "Не шутите над этим чувством, даже по-доброму."},
     {"Don't argue about the words, and don't ask for an apology at once.", "Don't compare with other children.",
      "Don't joke about this feeling, not even kindly."}},
    {"activity",
     "",
     {"Вечером нарисуйте вместе погоду, которая сегодня была внутри.",
      "Пройдитесь вместе десять минут без разговоров о деле.",
      "Постройте что-нибудь вместе и дайте себе пять минут тишины."},
     {"In the evening, draw together what the weather inside was like today.",
      "Take a ten-minute walk together without talking about tasks.",
      "Build something together and allow five minutes of quiet."}},
    {"text",
     "name",
     {"Вижу, что тебе сейчас тяжело. Я рядом.", "Кажется, внутри сейчас буря. Я с тобой.",
      "Слышу, как сильно тебя это задело."},
     {"I can see that this is hard for you. I am here.", "It looks stormy inside right now. I am with you.",
      "I hear how much this touched you."}},
    {"text",
     "space",
     {"Хочешь побыть немного в тишине? Я буду неподалёку.", "Можно пока ничего не говорить. Я подожду.",
      "Давай сделаем паузу, а потом вернёмся к этому."},
     {"Would you like some quiet? I will be close by.", "You don't have to say anything now. I will wait.",
      "Let us take a break and come back to it later."}},
    {"text",
     "limit",
     {"Сердиться можно. Обзываться мы не будем.", "Я слышу, что ты злишься. Кричать друг на друга мы не будем.",
      "Бросать вещи нельзя, зато рассказать мне можно что угодно."},
     {"Being cross is fine. Calling each other names is not.",
      "I hear that you are cross. We will not shout at each other.",
      "Throwing things is not all right. Telling me about it is."}},
    {"text",
     "solve",
     {"Давай вместе подумаем, что поможет в следующий раз.", "Что могло бы сделать это чуть легче? Попробуем вдвоём.",
      "Придумаем план на завтра: ты и я."},
     {"Let us think together what would help next time.", "What would make this a little easier? Let us try together.",
      "Shall we make a plan for tomorrow, you and I?"}},
    {"text",
     "repair",
     {"Мне жаль, что вышло так громко. Давай начнём сначала.", "Это вышло слишком резко. Прости меня, пожалуйста.",
      "Я хочу помириться. Расскажешь, как это было для тебя?"},
     {"I am sorry that it got so loud. Let us start again.", "That came out too loud. I am sorry.",
      "I want to make up. Will you tell me how it was for you?"}},
    {"why",
     "name",
     {"Названное чувство становится тише.", "Когда чувство узнали, с ним легче оставаться.",
      "Слова дают опору там, где её сейчас мало."},
     {"A feeling that is named grows quieter.", "A feeling that was seen is easier to stay with.",
      "Words give a hold where there is little of it."}},
    {"why",
     "space",
     {"Пауза возвращает силы слушать.", "Тишина рядом с близким успокаивает.", "Без спешки проще собраться."},
     {"A break brings back the strength to listen.", "Quiet beside someone close is calming.",
      "Without hurry it is easier to gather oneself."}},
    {"why",
     "limit",
     {"Ясная граница делает мир понятнее.", "Правило без упрёка легче принять.",
      "Так видно, что чувства и поступки разные."},
     {"A clear limit makes the world easier to read.", "A rule without reproach is easier to accept.",
      "It shows that feelings and deeds are two things."}},
    {"why",
     "solve",
     {"Своё решение выполнять интереснее.", "Вместе трудное становится меньше.", "Так растёт умение справляться."},
     {"A plan of one's own is easier to follow.", "Together a hard thing gets smaller.",
      "This is how the skill of coping grows."}},
    {"why",
     "repair",
     {"Примирение учит, что ссора не рвёт связь.", "Пример взрослого убеждает больше слов.",
      "После извинения снова можно доверять."},
     {"Making up shows that a quarrel does not break the bond.", "An adult's example convinces more than words.",
      "After an apology there is room for trust again."}},
    {"expect",
     "name",
     {"Сначала могут быть слёзы, потом станет легче.", "Возможно, в ответ будет короткое да.",
      "Может последовать рассказ, не сразу."},
     {"There may be tears first, and then relief.", "Perhaps a short yes comes back.",
      "A story may follow, though not at once."}},
    {"expect",
     "space",
     {"Минут через двадцать разговор пойдёт легче.", "Может вернуться без слов и сесть рядом.",
      "Сперва возможно недовольство, это ничего."},
     {"In twenty minutes or so talking will be easier.", "Someone may come back silently and sit beside you.",
      "Some grumbling first is fine."}},
    {"expect",
     "limit",
     {"Скорее всего, будет протест. Держитесь спокойно.", "Границу проверят ещё раз, и это обычно.",
      "Громкость спадёт не сразу."},
     {"There will probably be a protest. Stay calm.", "The limit will be tested once more, which is usual.",
      "It will not get quieter at once."}},
    {"expect",
     "solve",
     {"Первые идеи могут быть смешными, запишите и их.", "Возможно, ответ придёт завтра.",
      "Сделать получится часть, и этого хватит."},
     {"The first ideas may be funny; write them down, too.", "The answer may come tomorrow.",
      "A part of it will work out, and that is enough."}},
    {"expect",
     "repair",
     {"Может понадобиться время, не торопите.", "Бывает, что отвечают объятием.",
      "Доверие вернётся за несколько дней."},
     {"It may take time; don't hurry it.", "Sometimes the answer is a hug.", "Trust comes back within some days."}},
};

static bool is_kind(const char *wanted, const char *kind)
{
    size_t length = strlen(wanted);
    for (const char *at = kind; strlen(at) >= length; at++) {
        if (strncasecmp(at, wanted, length) == 0) {
            return true;
        }
    }
    return false;
}

const char *cs_text(const char *property, const char *kind, bool russian, uint64_t seed)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(sentences); i++) {
        const struct sentence *sentence = &sentences[i];
        if (strcmp(sentence->property, property) == 0 && is_kind(sentence->kind, kind)) {
            return russian ? sentence->russian[seed % VARIANTS] : sentence->english[seed % VARIANTS];
        }
    }
    return NULL;
}
