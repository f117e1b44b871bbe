#include "core/privilege.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

// The last number means "leave it" to the system calls.
static bool parse_number(const char *text, unsigned long *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *out = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && *out < UINT32_MAX;
}

static SRS_ERR find_user(const char *user, struct srs_privilege *out)
{
    unsigned long number = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        if (!parse_number(user, &number))
            return srs_fail(SRS_E_PRIVILEGE, "there is no user %.60s", user);
        out->uid = (uid_t)number;
        out->gid = (gid_t)number;
        entry = getpwuid(out->uid);
    }
    if (entry == NULL)
        return SRS_OK;
    if (strlen(entry->pw_name) >= sizeof out->name)
        return srs_fail(SRS_E_PRIVILEGE, "the name of user %.60s is too long", user);
    out->uid = entry->pw_uid;
    out->gid = entry->pw_gid;
    (void)snprintf(out->name, sizeof out->name, "%s", entry->pw_name);
    return SRS_OK;
}

static SRS_ERR find_group(const char *group, struct srs_privilege *out)
{
    unsigned long number = 0;
    const struct group *entry = getgrnam(group);
    if (entry != NULL)
        out->gid = entry->gr_gid;
    else if (parse_number(group, &number))
        out->gid = (gid_t)number;
    else
        return srs_fail(SRS_E_PRIVILEGE, "there is no group %.60s", group);
    return SRS_OK;
}

SRS_ERR srs_privilege_find(const char *user, const char *group, struct srs_privilege *out)
{
    struct srs_privilege found = {0};
    *out = found;
    if (user[0] == '\0')
        return SRS_OK;
    srs_err err = find_user(user, &found);
    if (!err && group[0] != '\0')
        err = find_group(group, &found);
    if (err)
        return err;
    if (geteuid() == 0)
        found.drops = found.uid != 0 || found.gid != getegid();
    else if (found.uid != geteuid() || found.gid != getegid())
        return srs_fail(SRS_E_PRIVILEGE, "only root can become user %.60s", user);
    *out = found;
    return SRS_OK;
}

static SRS_ERR verify(const struct srs_privilege *to)
{
    uid_t uids[3] = {0, 0, 0};
    gid_t gids[3] = {0, 0, 0};
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0)
        return srs_fail_sys(SRS_E_PRIVILEGE, "own ids");
    for (int i = 0; i < 3; i++)
        if (uids[i] != to->uid || gids[i] != to->gid)
            return srs_fail(SRS_E_PRIVILEGE, "still %ld:%ld", (long)uids[i], (long)gids[i]);
    if (to->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
        return srs_fail(SRS_E_PRIVILEGE, "root could be had back");
    if (to->uid != 0 && to->gid != 0 && setgid(0) == 0)
        return srs_fail(SRS_E_PRIVILEGE, "root's group could be had back");
    return SRS_OK;
}

SRS_ERR srs_privilege_drop(const struct srs_privilege *to)
{
    if (!to->drops)
        return SRS_OK;
    int groups = to->name[0] != '\0' ? initgroups(to->name, to->gid) : setgroups(1, &to->gid);
    if (groups != 0)
        return srs_fail_sys(SRS_E_PRIVILEGE, "groups");
    if (setresgid(to->gid, to->gid, to->gid) != 0)
        return srs_fail_sys(SRS_E_PRIVILEGE, "group %ld", (long)to->gid);
    if (setresuid(to->uid, to->uid, to->uid) != 0)
        return srs_fail_sys(SRS_E_PRIVILEGE, "user %ld", (long)to->uid);
    srs_err err = verify(to);
    if (err)
        return err;
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) // the change of user took it away
        return srs_fail_sys(SRS_E_PRIVILEGE, "core dumps");
    return SRS_OK;
}
