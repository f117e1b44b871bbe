// Who to run as: names and numbers that exist or not, and what a process is afterwards. Dropping is
// done by a child; it needs root, and the cases say what is seen without.
#include "core/privilege.h"
#include "test.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_privilege_given_nobody_named_then_nothing_to_do(void **state)
{
    (void)state;
    struct srs_privilege found = {.drops = true};
    assert_err(SRS_OK, srs_privilege_find("", "", &found), "none");
    assert_false(found.drops);
    struct passwd *me = getpwuid(geteuid());
    assert_non_null(me);
    if (me->pw_gid != getegid())
        return;
    assert_err(SRS_OK, srs_privilege_find(me->pw_name, "", &found), me->pw_name);
    assert_false(found.drops);
}

static void test_privilege_given_unknown_then_refused(void **state)
{
    (void)state;
    static const char *const users[] = {"no-such-user",         "-1",  "4294967295",
                                        "99999999999999999999", "12x", " 1"};
    struct srs_privilege found = {.drops = true};
    for (size_t i = 0; i < SRS_COUNT(users); i++) {
        assert_err(SRS_E_PRIVILEGE, srs_privilege_find(users[i], "", &found), users[i]);
        assert_false(found.drops);
    }
    assert_err(SRS_E_PRIVILEGE, srs_privilege_find("root", "no-such-group", &found), "group");
}

static void test_privilege_given_user_then_its_numbers(void **state)
{
    (void)state;
    struct srs_privilege found;
    const struct passwd *entry = getpwnam("nobody");
    const struct group *group = getgrnam("daemon");
    assert_non_null(entry);
    assert_non_null(group);
    gid_t daemon = group->gr_gid;
    if (geteuid() != 0) {
        assert_err(SRS_E_PRIVILEGE, srs_privilege_find("nobody", "", &found), "not as root");
        return;
    }
    assert_err(SRS_OK, srs_privilege_find("nobody", "", &found), "name");
    assert_true(found.drops);
    assert_int_equal(found.uid, entry->pw_uid);
    assert_int_equal(found.gid, entry->pw_gid);
    assert_string_equal(found.name, "nobody");
    assert_err(SRS_OK, srs_privilege_find("nobody", "daemon", &found), "group");
    assert_int_equal(found.gid, daemon);
    assert_err(SRS_OK, srs_privilege_find("54321", "54322", &found), "numbers");
    assert_int_equal(found.uid, 54321);
    assert_int_equal(found.gid, 54322);
    assert_string_equal(found.name, "");
}

// 0 when all is as it should be, else which look failed.
static int look_after_drop(const char *user, const char *group)
{
    struct srs_privilege to;
    gid_t groups[64];
    if (srs_privilege_find(user, group, &to) != SRS_OK || srs_privilege_drop(&to) != SRS_OK)
        return 1;
    if (getuid() != to.uid || geteuid() != to.uid || getegid() != to.gid)
        return 2;
    int count = getgroups(SRS_COUNT(groups), groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == 0)
            return 3;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
        return 4;
    if (srs_privilege_find("root", "", &to) != SRS_E_PRIVILEGE)
        return 5;
    to = (struct srs_privilege){.drops = true}; // back to root
    return srs_privilege_drop(&to) == SRS_E_PRIVILEGE ? 0 : 6;
}

static void test_privilege_given_drop_then_no_way_back(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        const char *group;
    } cases[] = {{"nobody", ""}, {"nobody", "daemon"}, {"54321", "54322"}, {"54321", ""}};
    for (size_t i = 0; i < SRS_COUNT(cases) && geteuid() == 0; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            _exit(look_after_drop(cases[i].user, cases[i].group));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("%s:%s: status %x", cases[i].user, cases[i].group, (unsigned)status);
    }
    assert_err(SRS_OK, srs_privilege_drop(&(struct srs_privilege){.drops = false}), "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_privilege_given_nobody_named_then_nothing_to_do),
        cmocka_unit_test(test_privilege_given_unknown_then_refused),
        cmocka_unit_test(test_privilege_given_user_then_its_numbers),
        cmocka_unit_test(test_privilege_given_drop_then_no_way_back),
    };
    return cmocka_run_group_tests_name("privilege", tests, NULL, NULL);
}
