/* Conversations about the family, its members and invitations, as parents see them. */
#include "people_world.h"

TestSuite(bot_people, .init = people_start, .fini = people_stop);

Test(bot_people, the_family_shows_who_is_in_it_and_where_it_lives)
{
    with_relatives();
    say("/family");
    assert_last_says("Анна (это вы), родитель");
    assert_last_says("Пётр, родитель");
    assert_last_says("&lt;Вера&gt;, родственник, только читает");
    assert_last_says("Маша, 7 лет");
    assert_last_says("Россия");
    assert_last_says("Москва");
    for (size_t i = 0, row = 0; i < last()->keyboard.count; i++) {
        row = last()->keyboard.buttons[i].starts_row ? 1 : row + 1;
        cr_assert_leq(row, 3, "three buttons a row at most");
    }
}

Test(bot_people, a_reader_sees_and_changes_nothing)
{
    with_relatives();
    w.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    say("/family");
    assert_last_says(ru("family.reader"));
    cr_assert_null(find_button(last(), ru("button.invite")));
    cr_assert_null(find_button(last(), ru("button.zone")));
    press(ru("button.members"));
    cr_assert_null(find_button(last(), "Пётр"), "nobody to remove");
    snprintf(w.children[0].needs, sizeof(w.children[0].needs), "заикается");
    say("/children");
    assert_last_says("Маша");
    cr_assert_null(find_button(last(), ru("children.add")));
    struct sent list = *last();
    press("Маша");
    assert_last_says("заикается");
    cr_assert_eq(last()->keyboard.count, 1, "the way back alone");
    press(ru("button.back"));
    w.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT;
    press_on(&list, "Маша");
    struct sent card = *last();
    w.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    press_on(&card, ru("button.child_remove"));
    cr_assert_str_eq(last()->text, ru("refused.reads_only"));
}

Test(bot_people, members_and_children_without_a_name_are_told_apart_by_numbers)
{
    with_relatives();
    w.parents[0].name[0] = '\0';
    say("/family");
    assert_last_says("— без имени, родитель");
    w.name[0] = '\0';
    say("/family");
    assert_last_says("— без имени (это вы), родитель");
    assert_last_says("— без имени, родитель");
    w.parents[1].name[0] = '\0';
    w.children[0].name[0] = '\0';
    w.children[1] = (struct world_child){.year = 2019};
    w.child_count = 2;
    say("/family");
    assert_last_says("— без имени 1, родитель");
    assert_last_says("— без имени 2, родственник");
    assert_last_says("— ребёнок без имени 2, 7 лет");
    press(ru("button.members"));
    press("без имени 2");
    press(ru("button.remove_member"));
    assert_last_says("Убрать из семьи: без имени 2?");
    press(ru("button.remove_yes"));
    cr_assert(w.parents[1].removed);
    cr_assert_not(w.parents[0].removed);
    say("/children");
    press("без имени 2");
    assert_last_says("ребёнок без имени 2");
    press(ru("button.child_remove"));
    assert_last_says("ребёнок без имени 2, 7 лет?");
    press(ru("button.remove_yes"));
    cr_assert(w.children[1].removed);
    cr_assert_not(w.children[0].removed);
}

Test(bot_people, a_family_that_told_no_place_has_the_clock_of_utc)
{
    snprintf(w.zone, sizeof(w.zone), "Etc/UTC");
    say("/family");
    assert_last_says("Часовой пояс: UTC.");
}

Test(bot_people, a_button_from_before_one_became_a_reader_is_refused_kindly)
{
    with_relatives();
    struct sent *family = say("/family");
    w.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    press_on(family, ru("button.invites"));
    cr_assert_str_eq(last()->text, ru("refused.reads_only"));
}

Test(bot_people, without_consent_and_family_the_consent_is_asked_first)
{
    w.family = false;
    w.processing = 0;
    say("/family");
    cr_assert_str_eq(w.sent[w.sent_count - 3].text, ru("family.consent_first"));
    assert_last_says("хранить");
    cr_assert_eq(w.calls[FAM_BACKEND_CREATE_FAMILY], 0);
}

Test(bot_people, an_invitation_is_a_link_with_its_end_told)
{
    say("/family");
    press(ru("button.invite"));
    cr_assert_not(last()->is_edit, "a message of its own");
    assert_last_says("только читает");
    struct sent question = *last();
    press(ru("button.as_reader"));
    cr_assert_eq(w.invite_count, 1);
    cr_assert_eq(w.invites[0].role, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    assert_last_says("https://t.me/family_bot?start=AAECAwQFBgcICQoLDA0ODw");
    assert_last_says("21.11.2026, 14:06");
    press_on(&question, ru("button.as_reader"));
    cr_assert_eq(w.invite_count, 1, "a double tap makes one invitation");
    press(ru("button.revoke"));
    cr_assert(w.invites[0].ended);
    cr_assert_str_eq(last()->text, ru("invite.revoked"));
}

Test(bot_people, open_invitations_are_listed_and_revoked_one_by_one)
{
    for (int i = 0; i < 2; i++) {
        say("/family");
        press(ru("button.invite"));
        press(i == 0 ? ru("button.as_parent") : ru("button.as_reader"));
    }
    say("/family");
    press(ru("button.invites"));
    assert_last_says("1. Второй родитель");
    assert_last_says("2. Родственник");
    cr_assert_null(strstr(last()->text, "start="), "the link itself is not kept");
    press("Отозвать 1");
    cr_assert(w.invites[0].ended);
    cr_assert_not(w.invites[1].ended);
    cr_assert_null(strstr(last()->text, "Второй родитель"));
}

Test(bot_people, a_family_with_too_many_invitations_is_told)
{
    say("/family");
    press(ru("button.invite"));
    w.fail_method = FAM_BACKEND_CREATE_INVITE;
    w.fail_code = FAM_FAILED_PRECONDITION;
    w.fail_reason = "INVITES_MAX";
    w.fail_before = 1;
    press(ru("button.as_parent"));
    cr_assert_str_eq(last()->text, ru("invite.full"));
}

Test(bot_people, a_link_shows_who_invites_and_nobody_joins_without_consent)
{
    newcomer(FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    say("/start AAECAwQFBgcICQoLDA0ODw");
    cr_assert_eq(w.source, FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE);
    assert_last_says("Пётр &lt;b&gt; приглашает вас в семью «Ивановы»");
    assert_last_says("как родственник");
    press(ru("button.accept"));
    cr_assert_not(w.family);
    assert_last_says("согласие");
    w.state_size = 0; /* a restart of everything loses nothing: it stands in the buttons */
    press(ru("consent.yes"));
    cr_assert_eq(w.processing, 1);
    cr_assert(w.family);
    cr_assert(world_is_reader());
    assert_last_says("В какой стране");
    press("Россия");
    press("Не сейчас");
    cr_assert_eq(w.ai, 0);
    cr_assert_str_eq((last() - 1)->text, ru("onboarding.ready"));
    cr_assert_str_eq(last()->text, ru("times.offer"));
    cr_assert_eq(w.calls[FAM_BACKEND_CREATE_FAMILY], 0, "no family of one's own on the way");
    cr_assert_eq(w.calls[FAM_BACKEND_ADD_CHILD], 0);
}

Test(bot_people, who_has_consented_joins_by_one_tap)
{
    newcomer(FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    w.processing = w.ai = 1;
    strcpy(w.country, "RU");
    say("/start AAECAwQFBgcICQoLDA0ODw");
    struct sent preview = *last();
    press(ru("button.accept"));
    assert_last_says("вы в семье «Ивановы»");
    press_on(&preview, ru("button.accept"));
    cr_assert_eq(w.calls[FAM_BACKEND_JOIN_FAMILY], 1, "a second tap shows the family");
    assert_last_says("Ивановы");
}

/* As the bot makes one for whoever was removed, or only looked around. */
Test(bot_people, who_is_alone_in_a_family_without_children_joins_another_by_one_tap)
{
    newcomer(FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    w.processing = w.ai = 1;
    w.family = true;
    w.child_count = w.parent_count = 0;
    strcpy(w.country, "RU");
    say("/start AAECAwQFBgcICQoLDA0ODw");
    assert_last_says("приглашает вас в семью «Ивановы»");
    press(ru("button.accept"));
    assert_last_says("вы в семье «Ивановы»");
}

Test(bot_people, an_invitation_can_be_declined)
{
    newcomer(FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    say("/start AAECAwQFBgcICQoLDA0ODw");
    press(ru("button.decline"));
    cr_assert_str_eq(last()->text, ru("invite.declined"));
    cr_assert_not(w.family);
    cr_assert_eq(w.processing, -1, "nothing was consented to");
}

Test(bot_people, a_link_that_leads_nowhere_says_so_kindly)
{
    newcomer(FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    w.offered = NULL;
    size_t before = w.sent_count;
    say("/start AAECAwQFBgcICQoLDA0ODw");
    cr_assert_str_eq(w.sent[before].text, ru("invite.unknown"));
    cr_assert_str_eq(w.sent[before + 1].text, ru("start.greeting"), "then as for everybody");
    assert_last_says("В какой стране");
    w.fail_method = FAM_BACKEND_PREVIEW_INVITE;
    w.fail_code = FAM_RESOURCE_EXHAUSTED;
    w.fail_reason = "LIMIT_HOUR";
    w.fail_retry_ms = 20 * 60000;
    w.fail_before = 1;
    say("/start AAECAwQFBgcICQoLDA0ODw");
    assert_last_says("через 21 минуту");
    before = w.sent_count;
    say("/start promo");
    cr_assert_str_eq(w.sent[before].text, ru("invite.unknown"), "no code at all");
    assert_last_says("В какой стране");
    before = w.sent_count;
    say("/start ");
    cr_assert_str_eq(w.sent[before].text, ru("start.greeting"), "a command without a link is no wrong link");
}

Test(bot_people, who_is_in_a_family_is_told_before_the_code_is_looked_at)
{
    with_relatives();
    w.offered = "AAECAwQFBgcICQoLDA0ODw";
    say("/start AAECAwQFBgcICQoLDA0ODw");
    cr_assert_str_eq(last()->text, ru("invite.has_family"));
    cr_assert_eq(w.calls[FAM_BACKEND_PREVIEW_INVITE], 0);
}

Test(bot_people, a_start_link_in_a_group_is_refused_with_one_kind_sentence)
{
    struct fam_update update = world_message("/start@family_bot AAECAwQFBgcICQoLDA0ODw");
    update.chat_type = FAM_CHAT_GROUP;
    update.chat_id = -5;
    w.offered = "AAECAwQFBgcICQoLDA0ODw";
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_str_eq(last()->text, ru("group.private_only"));
    cr_assert_eq(w.calls[FAM_BACKEND_PREVIEW_INVITE], 0);
}

Test(bot_people, members_are_removed_after_a_question_and_once)
{
    with_relatives();
    say("/family");
    press(ru("button.members"));
    struct sent list = *last();
    press("Пётр");
    press(ru("button.remove_member"));
    assert_last_says("Убрать из семьи: Пётр?");
    cr_assert_not(w.parents[0].removed);
    press(ru("button.remove_yes"));
    cr_assert(w.parents[0].removed);
    press_on(&list, "Пётр");
    cr_assert_null(strstr(last()->text, "Пётр"), "a stale button shows the list as it is");
    cr_assert_eq(w.calls[FAM_BACKEND_REMOVE_PARENT], 1);
}

Test(bot_people, long_lists_of_members_come_in_pages)
{
    w.parent_count = 19;
    for (size_t i = 0; i < w.parent_count; i++) {
        snprintf(w.parents[i].name, sizeof(w.parents[i].name), "Тётя %zu", i + 1);
        w.parents[i].role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    }
    say("/family");
    assert_last_says("И ещё: 12");
    press(ru("button.members"));
    assert_last_says("Тётя 7,");
    cr_assert_null(strstr(last()->text, "Тётя 8,"));
    cr_assert_null(find_button(last(), ru("button.previous")));
    press(ru("button.next"));
    assert_last_says("Тётя 8,");
    press(ru("button.next"));
    assert_last_says("Тётя 19,");
    cr_assert_null(find_button(last(), ru("button.next")));
}

Test(bot_people, leaving_is_asked_first_and_the_last_parent_stays)
{
    with_relatives();
    say("/family");
    press(ru("button.leave"));
    cr_assert(w.family);
    press(ru("button.leave_yes"));
    cr_assert_not(w.family);
    cr_assert_str_eq(last()->text, ru("family.left"));
    w.family = true;
    say("/family");
    press(ru("button.leave"));
    w.parent_count = 0;
    press(ru("button.leave_yes"));
    cr_assert_str_eq(last()->text, ru("family.last_parent"));
    say("/family");
    cr_assert_null(find_button(last(), ru("button.leave")), "who is alone has nobody to leave");
}

Test(bot_people, the_family_is_renamed_and_a_call_for_help_is_no_name)
{
    say("/family");
    press(ru("button.family_name"));
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_not_null(strstr(w.sent[before].text, "8-800-2000-122"));
    cr_assert_eq(w.sent_count, before + 1, "the question does not come again by itself");
    say("/family");
    press(ru("button.family_name"));
    say("Ивановы");
    cr_assert_str_eq(w.family_name, "Ивановы");
    assert_last_says("Семья «Ивановы»");
}

Test(bot_people, country_and_time_zone_by_button_or_by_word)
{
    say("/family");
    press(ru("button.country"));
    press("Казахстан");
    cr_assert_str_eq(w.family_country, "KZ");
    cr_assert_str_eq(w.country, "RU", "the person's own country is another thing");
    press(ru("button.country"));
    say("сербия");
    cr_assert_str_eq(w.family_country, "RS");
    press(ru("button.zone"));
    press("Новосибирск");
    cr_assert_str_eq(w.zone, "Asia/Novosibirsk");
    assert_last_says("18:06");
    say("/family");
    press(ru("button.zone"));
    press(ru("button.other_cities"));
    press(ru("button.other_cities"));
    press("Берлин");
    cr_assert_str_eq(w.zone, "Europe/Berlin");
    say("/family");
    press(ru("button.zone"));
    say("+4");
    cr_assert_str_eq(w.zone, "Etc/GMT-4");
    assert_last_says("UTC+4");
    say("/family");
    press(ru("button.zone"));
    say("Nowhere/City");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("zone.unknown"));
    cr_assert_str_eq(last()->text, ru("zone.ask"));
    say("токио");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("unfit.zone"), "what is no city is told to be none");
    cr_assert_str_eq(last()->text, ru("zone.ask"));
    cr_assert_eq(w.entry_count, 0, "and is no phrase");
}

Test(bot_people, everything_is_there_in_english_too)
{
    w.language = FAM__V1__LANGUAGE__LANGUAGE_EN;
    with_relatives();
    say("/family");
    assert_last_says("Пётр, parent");
    press("Time zone");
    assert_last_says("Which city");
    cr_assert_not_null(find_button(last(), "New York"));
    say("/settings");
    assert_last_says("Show new entries to my family: off");
    say("/feedback");
    assert_last_says("rating from 1");
    for (size_t i = 0; i < w.sent_count; i++)
        for (size_t b = 0; b < w.sent[i].keyboard.count; b++)
            cr_assert_null(strchr(w.sent[i].keyboard.buttons[b].label, '.'), "a key for a label: %s",
                           w.sent[i].keyboard.buttons[b].label);
}
