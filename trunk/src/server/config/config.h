// The configuration: one counted, immutable snapshot of a file, of the environment or of the
// built-in profile.
//
// A snapshot is plain values and borrowed text; all of it lives as long as the snapshot. Loading
// reads files with stdio and needs no scheduler. What was odd but accepted is kept as notes for
// whoever opens the log.
#pragma once
#include "core/err.h"
#include "core/network.h"
#include "core/time.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SRS_CONFIG_LISTEN_MAX = 16,   // endpoints of one directive
    SRS_CONFIG_NETWORKS_MAX = 32, // networks of one directive
    SRS_CONFIG_FORWARDS_MAX = 32, // forward.destination: a connection each for every stream
    SRS_CONFIG_HOST_MAX = 64,     // an address in numbers with its zone
    SRS_CONFIG_NOTES_MAX = 64,    // more are counted only
    SRS_CONFIG_NOTE_TEXT = 256,   // bytes of one note
    SRS_CONFIG_AUTO = -1,         // value of a number that was written as `auto`
    SRS_CONFIG_DESCRIPTORS = 128, // kept free beside max_connections
    SRS_CONFIG_FILES_MAX = 1024,  // files open to be read, and MIN where descriptors are few
    SRS_CONFIG_FILES_MIN = 16,
    SRS_CONFIG_FAULT_SOURCE = 128,
    SRS_CONFIG_FAULT_NAME = 40,
    SRS_CONFIG_SERVER_ID = 64,   // bytes of a server_id
    SRS_CONFIG_SECRET_MAX = 256, // bytes of a user's name, a password, a token
    SRS_CONFIG_HOOK_URLS = 16,   // of one callback
    SRS_CONFIG_NAME_SERVERS = 8,
};

enum srs_config_profile { SRS_CONFIG_FILE, SRS_CONFIG_ENVIRONMENT, SRS_CONFIG_BUILTIN };
enum srs_config_tank { SRS_CONFIG_TANK_FILE, SRS_CONFIG_TANK_CONSOLE };
enum srs_config_jitter { SRS_CONFIG_JITTER_FULL, SRS_CONFIG_JITTER_ZERO, SRS_CONFIG_JITTER_OFF };
enum srs_config_auth_type { SRS_CONFIG_AUTH_BASIC, SRS_CONFIG_AUTH_BEARER };
enum srs_config_level {
    SRS_CONFIG_LEVEL_TRACE,
    SRS_CONFIG_LEVEL_DEBUG,
    SRS_CONFIG_LEVEL_INFO,
    SRS_CONFIG_LEVEL_WARN,
    SRS_CONFIG_LEVEL_ERROR,
};

struct srs_config_endpoints {
    size_t count;
    struct srs_config_endpoint {
        char host[SRS_CONFIG_HOST_MAX]; // numbers without brackets; "" is all IPv4 addresses
        uint16_t port;
    } items[SRS_CONFIG_LISTEN_MAX]; // [0..count)
};

// Words of a list; the text is the snapshot's.
struct srs_config_words {
    const char *const *items; // [0..count)
    size_t count;
};

struct srs_config_networks {
    size_t count;
    struct srs_network items[SRS_CONFIG_NETWORKS_MAX]; // [0..count)
};

// Who may do something, or may not.
struct srs_config_rule {
    bool publish; // else it is about playing
    struct srs_network network;
};

// All lines of a directive, in their order.
struct srs_config_rules {
    struct srs_config_rule *items; // [0..count), the snapshot's
    size_t count;
};

// As many keys as certificates; each pair is one of the server's names.
struct srs_config_tls {
    bool enabled;
    struct srs_config_endpoints listen;
    struct srs_config_words key;
    struct srs_config_words cert;
};

bool srs_config_same_endpoint(const struct srs_config_endpoint *a,
                              const struct srs_config_endpoint *b);
bool srs_config_same_endpoints(const struct srs_config_endpoints *a,
                               const struct srs_config_endpoints *b);

struct srs_config_auth {
    bool enabled;
    int type; // enum srs_config_auth_type, -1 when not given: basic
    const char *username;
    const char *password;
    const char *token;
};

struct srs_config_http {
    bool enabled;
    bool crossdomain;
    struct srs_config_auth auth; // of the API
    struct {
        bool enabled;
        bool allow_reload;
    } raw_api;       // of the API
    const char *dir; // of files; not of the API
    struct srs_config_endpoints listen;
    struct srs_config_tls https;
};

struct srs_config_vhost {
    const char *name;
    bool enabled;
    bool min_latency;
    bool tcp_nodelay;
    int64_t chunk_size;
    int64_t in_ack_size;
    int64_t out_ack_size;
    struct {
        bool gop_cache;
        bool atc;
        bool atc_auto;
        bool mix_correct;
        bool reduce_sequence_header;
        int64_t mw_msgs;
        double send_min_interval; // ms
        int time_jitter;          // enum srs_config_jitter
        int64_t gop_cache_max_frames;
        int64_t queue_bytes;
        int64_t send_buffer; // bytes or SRS_CONFIG_AUTO
        srs_usec queue_length;
        srs_usec mw_latency;
        srs_usec audio_gather;
        srs_usec wait; // or SRS_CONFIG_AUTO
    } play;
    struct {
        srs_usec firstpkt_timeout;
        srs_usec normal_timeout;
        srs_usec kickoff_for_idle; // 0 for never
        bool parse_sps;
        bool try_annexb_first;
    } publish;
    struct srs_config_forward {
        bool enabled;
        bool tls_verify;
        const char *tls_ca; // "" for the system's authorities
        struct srs_config_words destination;
        const char *backend; // "" for none
    } forward;
    struct {
        bool enabled;
        srs_usec timeout;
        struct srs_config_words on_connect;
        struct srs_config_words on_close;
        struct srs_config_words on_publish;
        struct srs_config_words on_unpublish;
        struct srs_config_words on_play;
        struct srs_config_words on_stop;
    } http_hooks;
    struct {
        bool enabled;
        struct srs_config_rules allow;
        struct srs_config_rules deny;
    } security;
    struct {
        bool enabled;
        struct srs_config_words all; // ends of the names of hosts
        struct srs_config_words publish;
        struct srs_config_words play;
    } refer;
    struct {
        int64_t max_publishers; // 0 = no limit, of all of these
        int64_t max_players;
        int64_t max_players_per_stream;
        int64_t in_bandwidth; // kbps, and the others
        int64_t out_bandwidth;
        int64_t in_bandwidth_per_stream;
        int64_t out_bandwidth_per_stream;
    } limits;
    struct {
        bool enabled;
        const char *mount;
    } http_remux;
    struct {
        bool enabled;
        const char *mount;
        const char *dir;
    } http_static;
};

struct srs_config {
    enum srs_config_profile profile;
    bool daemon; // in effect: never in a container that turns it off
    int64_t max_connections;
    int64_t max_connections_per_ip; // 0 = no limit
    int64_t in_bandwidth_per_ip;    // kbps, 0 = no limit
    int64_t out_bandwidth_per_ip;
    size_t files_max; // open at a time, by the descriptor limit
    int64_t chunk_size;
    int64_t media_memory; // bytes
    srs_usec send_timeout;
    struct {
        int tank;     // enum srs_config_tank
        int level;    // enum srs_config_level, of the two that follow
        int level_v1; // index of the word
        int level_v2; // index of the word, -1 when not given
        const char *file;
        bool utc;
    } log;
    struct srs_config_networks proxy_from;
    struct {
        const char *work_dir;
        const char *pid;       // "" for none
        const char *server_id; // "" for one of our own choice
        const char *user;      // "" to stay who we are
        const char *group;     // "" for the user's
        bool asprocess;
        bool in_docker; // asked for, or seen
        bool disable_daemon_for_docker;
        bool force_grace_quit;
        bool inotify_auto_reload;
        bool auto_reload_for_docker;
        srs_usec grace_start_wait;
        srs_usec grace_final_wait;
    } life;
    struct {
        bool verify;
        const char *ca_file; // "" for the system's
    } http_client;
    struct srs_config_words name_servers;
    struct {
        bool enabled;
        bool summaries;
        bool ports;
        bool auth;
        int auth_type; // index of the word
        srs_usec interval;
        const char *url;
        const char *device_id;
        const char *token;
    } heartbeat;
    struct srs_config_endpoints rtmp_listen;
    struct srs_config_tls rtmps;
    struct srs_config_http http_api;
    struct srs_config_http http_server;
    struct {
        bool enabled;
        struct srs_config_endpoints listen;
        const char *label; // "" for none
        const char *tag;
    } exporter;
    struct {
        bool enabled;
        int64_t network; // index into the machine's addresses
        struct srs_config_words disk;
    } stats;

    const struct srs_config_vhost *vhosts; // [0..vhost_count), by name
    size_t vhost_count;
    struct srs_config_words files;           // that were read, by their paths
    const char *notes[SRS_CONFIG_NOTES_MAX]; // [0..note_count)
    size_t note_count;
    size_t notes_dropped;
};

// Where a configuration is wrong. What is not known is 0 or "".
struct srs_config_fault {
    bool told;
    int line; // 0: `source` is a variable of the environment
    char source[SRS_CONFIG_FAULT_SOURCE];
    char directive[SRS_CONFIG_FAULT_NAME];
    char nearest[SRS_CONFIG_FAULT_NAME]; // the name that was most likely meant
};

struct srs_config_args {
    const char *file;     // or NULL
    const char *folder;   // that names of files are relative to; NULL: the working directory
    bool env_only;        // no file, whatever is named
    char *const *environ; // NAME=value, ended by NULL; NULL for none
    uint64_t descriptors; // limit of the process; 0 when not known, then it is not checked
    bool in_container;    // seen; without this, only in_docker says so
    uint64_t memory;      // bytes of the machine; 0 to ask the system
    uint64_t send_buffer; // most that the kernel gives; 0 when not known
    uint64_t addresses;   // of the machine's interfaces; 0 when not known
    // A text in the place of the file; it includes no files. NULL for none.
    const char *text;
    size_t text_size;
    struct srs_config_fault *fault; // filled when it fails; zeroed by the caller; may be NULL
};

// Loads the profile that arguments and environment ask for: SRS_CONFIG_FILE goes before `file`,
// SRS_ENV_ONLY is `env_only`, any other SRS_ variable without a file is the environment profile,
// and nothing at all the built-in one. SYSTEM_CONFIG_INVALID names file, line and directive;
// NO_MEMORY. On failure *out is not touched.
SRS_ERR srs_config_load(const struct srs_config_args *args, struct srs_config **out);

struct srs_config *srs_config_ref(struct srs_config *config);
void srs_config_unref(struct srs_config *config);

// The vhost of that name in any case, else __defaultVhost__, else NULL; a disabled one is found
// too.
const struct srs_config_vhost *srs_config_vhost_find(const struct srs_config *config,
                                                     const char *name);

// Another server as it is written in a list: "host", "host:1935", "[::1]:1935", with "rtmp://" or
// "rtmps://" in front or not; without a port it is that of the protocol. SYSTEM_CONFIG_INVALID for
// anything else, also for what stands behind the port of a URL.
enum { SRS_CONFIG_NAME_MAX = 253 };
struct srs_config_remote {
    char host[SRS_CONFIG_NAME_MAX + 1]; // a name, or an address without brackets
    uint16_t port;
    bool tls;
};
SRS_ERR srs_config_remote_read(const char *word, struct srs_config_remote *out);
