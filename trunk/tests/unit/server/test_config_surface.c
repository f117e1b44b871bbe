// Every directive of SRS with its default, the values it takes and the variables that set it, as
// SRS publishes them: written down here once more, so that the table is held to it and not to
// itself.
#include "config_files.h"
#include "server/config/table.h"
#include <ctype.h>

#define NONE    ""
#define BY_RULE NULL

// clang-format off
static const struct surface {
    const char *scope;
    const char *name;
    const char *usual;
    const char *values;    // each of them is good, with | between them; { ... } is a block
    const char *variables; // NONE, BY_RULE, or names with | between them
} surface[] = {
    {"", "server_id", "", "abc", BY_RULE},
    {"", "pid", "./objs/srs.pid", "./a.pid", BY_RULE},
    {"", "ff_log_dir", "./objs", "/dev/null", BY_RULE},
    {"", "ff_log_level", "info", "info|warning|error|fatal|panic|quiet|trace|debug|verbose", BY_RULE},
    {"", "srs_log_tank", "file", "console|file", "SRS_LOG_TANK|SRS_SRS_LOG_TANK"},
    {"", "srs_log_level", "trace", "verbose|info|trace|warn|error", "SRS_LOG_LEVEL|SRS_SRS_LOG_LEVEL"},
    {"", "srs_log_level_v2", "", "trace|debug|info|warn|error", "SRS_LOG_LEVEL_V2|SRS_SRS_LOG_LEVEL_V2"},
    {"", "srs_log_file", "./objs/srs.log", "./a.log", "SRS_LOG_FILE|SRS_SRS_LOG_FILE"},
    {"", "max_connections", "1000", "5", BY_RULE},
    {"", "daemon", "on", "off", BY_RULE},
    {"", "utc_time", "off", "on", BY_RULE},
    {"", "pithy_print_ms", "10000", "5000", BY_RULE},
    {"", "work_dir", "./", "/tmp", BY_RULE},
    {"", "asprocess", "off", "off", BY_RULE},
    {"", "empty_ip_ok", "on", "off", BY_RULE},
    {"", "in_docker", "off", "on", BY_RULE},
    {"", "grace_start_wait", "2300", "100", BY_RULE},
    {"", "grace_final_wait", "3200", "100", BY_RULE},
    {"", "force_grace_quit", "off", "on", BY_RULE},
    {"", "disable_daemon_for_docker", "on", "off", BY_RULE},
    {"", "inotify_auto_reload", "off", "on", BY_RULE},
    {"", "auto_reload_for_docker", "on", "off", BY_RULE},
    {"", "tcmalloc_release_rate", "0.8", "1.5", BY_RULE},
    {"", "query_latest_version", "off", "on", BY_RULE},
    {"", "first_wait_for_qlv", "300", "60", BY_RULE},
    {"", "is_full", "off", "off", BY_RULE},
    {"rtmp", "listen", "", "1935|127.0.0.1:1935 [::]:1935", "SRS_LISTEN|SRS_RTMP_LISTEN"},
    {"rtmp", "chunk_size", "60000", "128|65536", "SRS_VHOST_CHUNK_SIZE|SRS_CHUNK_SIZE|SRS_RTMP_CHUNK_SIZE"},
    {"rtmps", "enabled", "off", "on", BY_RULE},
    {"rtmps", "listen", "", "1443|1443 [::]:1444", BY_RULE},
    {"rtmps", "key", "./conf/server.key", "a.key", BY_RULE},
    {"rtmps", "cert", "./conf/server.crt", "a.crt", BY_RULE},
    {"http_api", "enabled", "off", "on", BY_RULE},
    {"http_api", "listen", "1985", "1986 127.0.0.1:1987", BY_RULE},
    {"http_api", "crossdomain", "on", "off", BY_RULE},
    {"http_api.raw_api", "enabled", "off", "on", BY_RULE},
    {"http_api.raw_api", "allow_reload", "off", "on", BY_RULE},
    {"http_api.raw_api", "allow_query", "off", "on", BY_RULE},
    {"http_api.raw_api", "allow_update", "off", "on", BY_RULE},
    {"http_api.auth", "enabled", "off", "on", BY_RULE},
    {"http_api.auth", "username", "", "me", BY_RULE},
    {"http_api.auth", "password", "", "secret", BY_RULE},
    {"http_api.auth", "type", "", "basic|bearer", BY_RULE},
    {"http_api.auth", "token", "", "abc", BY_RULE},
    {"http_api.auth", "rtc_bearer_enabled", "off", "on", BY_RULE},
    {"http_api.https", "enabled", "off", "off", BY_RULE},
    {"http_api.https", "listen", "1990", "1991 [::]:1992", BY_RULE},
    {"http_api.https", "key", "./conf/server.key", "a.key", BY_RULE},
    {"http_api.https", "cert", "./conf/server.crt", "a.crt", BY_RULE},
    {"http_server", "enabled", "off", "on", BY_RULE},
    {"http_server", "listen", "8080", "8081 [::]:8082", BY_RULE},
    {"http_server", "dir", "./objs/nginx/html", "/tmp", BY_RULE},
    {"http_server", "crossdomain", "on", "off", BY_RULE},
    {"http_server.https", "enabled", "off", "off", BY_RULE},
    {"http_server.https", "listen", "8088", "8089 [::]:8090", BY_RULE},
    {"http_server.https", "key", "./conf/server.key", "a.key", BY_RULE},
    {"http_server.https", "cert", "./conf/server.crt", "a.crt", BY_RULE},
    {"srt_server", "enabled", "off", "on", BY_RULE},
    {"srt_server", "listen", "10080", "10081|127.0.0.1:10080 [::]:10081", BY_RULE},
    {"srt_server", "maxbw", "-1", "0|1000000000", BY_RULE},
    {"srt_server", "mss", "1500", "1400", BY_RULE},
    {"srt_server", "payloadsize", "1316", "188", BY_RULE},
    {"srt_server", "connect_timeout", "3000", "4000", BY_RULE},
    {"srt_server", "peer_idle_timeout", "10000", "7000", BY_RULE},
    {"srt_server", "default_app", "live", "stage", BY_RULE},
    {"srt_server", "default_streamid", "#!::r=live/livestream,m=request", "'#!::r=live/a,m=publish'", BY_RULE},
    {"srt_server", "default_mode", "request", "publish|request", BY_RULE},
    {"srt_server", "peerlatency", "0", "50", BY_RULE},
    {"srt_server", "recvlatency", "120", "50", BY_RULE},
    {"srt_server", "latency", "120", "50", BY_RULE},
    {"srt_server", "tsbpdmode", "on", "off", BY_RULE},
    {"srt_server", "tlpktdrop", "on", "off", BY_RULE},
    {"srt_server", "sendbuf", "12058624", "2000000", BY_RULE},
    {"srt_server", "recvbuf", "12058624", "2000000", BY_RULE},
    {"srt_server", "passphrase", "", "0123456789", BY_RULE},
    {"srt_server", "pbkeylen", "0", "0|16|24|32", BY_RULE},
    {"srt_server", "sei_filter", "on", "off", BY_RULE},
    {"srt_server", "mix_correct", "", "on", NONE},
    {"vhost.srt", "enabled", "off", "on", BY_RULE},
    {"vhost.srt", "srt_to_rtmp", "on", "off", "SRS_VHOST_SRT_TO_RTMP|SRS_VHOST_SRT_SRT_TO_RTMP"},
    {"rtc_server", "enabled", "off", "on", BY_RULE},
    {"rtc_server", "listen", "8000", "8001|127.0.0.1:8000 [::]:8001", BY_RULE},
    {"rtc_server.tcp", "enabled", "off", "on", BY_RULE},
    {"rtc_server.tcp", "listen", "8000", "8001|127.0.0.1:8000 [::]:8001", BY_RULE},
    {"rtc_server", "protocol", "udp", "udp|tcp|all", BY_RULE},
    {"rtc_server", "candidate", "*", "192.168.1.1 example.com", BY_RULE},
    {"rtc_server", "use_auto_detect_network_ip", "on", "off", BY_RULE},
    {"rtc_server", "ip_family", "ipv4", "ipv4|ipv6|all", BY_RULE},
    {"rtc_server", "api_as_candidates", "on", "off", BY_RULE},
    {"rtc_server", "resolve_api_domain", "on", "off", BY_RULE},
    {"rtc_server", "keep_api_domain", "off", "on", BY_RULE},
    {"rtc_server", "ecdsa", "on", "off", BY_RULE},
    {"rtc_server", "encrypt", "on", "off", BY_RULE},
    {"rtc_server", "reuseport", "1", "4", BY_RULE},
    {"rtc_server", "merge_nalus", "off", "on", BY_RULE},
    {"rtc_server.black_hole", "enabled", "off", "on", BY_RULE},
    {"rtc_server.black_hole", "addr", "", "127.0.0.1:10000", BY_RULE},
    {"rtc_server", "perf_stat", "", "on", NONE},
    {"rtc_server", "queue_length", "", "10", NONE},
    {"rtc_server", "dir", "", "a", NONE},
    {"vhost.rtc", "enabled", "off", "on", BY_RULE},
    {"vhost.rtc", "nack", "on", "off", BY_RULE},
    {"vhost.rtc", "nack_no_copy", "on", "off", BY_RULE},
    {"vhost.rtc", "twcc", "on", "off", BY_RULE},
    {"vhost.rtc", "stun_timeout", "30", "10", BY_RULE},
    {"vhost.rtc", "stun_strict_check", "off", "on", BY_RULE},
    {"vhost.rtc", "dtls_role", "passive", "active|passive", BY_RULE},
    {"vhost.rtc", "dtls_version", "auto", "auto|dtls1.0|dtls1.2", BY_RULE},
    {"vhost.rtc", "drop_for_pt", "0", "102", BY_RULE},
    {"vhost.rtc", "rtmp_to_rtc", "off", "on", BY_RULE},
    {"vhost.rtc", "keep_bframe", "off", "on", BY_RULE},
    {"vhost.rtc", "keep_avc_nalu_sei", "on", "off", BY_RULE},
    {"vhost.rtc", "opus_bitrate", "48000", "8000|320000", BY_RULE},
    {"vhost.rtc", "rtc_to_rtmp", "off", "on", BY_RULE},
    {"vhost.rtc", "pli_for_rtmp", "6", "0.5|30", BY_RULE},
    {"vhost.rtc", "aac_bitrate", "48000", "8000|320000", BY_RULE},
    {"vhost.rtc", "init_rate_from_sdp", "off", "on", BY_RULE},
    {"vhost.rtc", "keep_original_ssrc", "off", "on", BY_RULE},
    {"vhost.rtc", "perf_stat", "", "on", NONE},
    {"rtsp_server", "enabled", "off", "on", BY_RULE},
    {"rtsp_server", "listen", "554", "8554 [::]:8555", BY_RULE},
    {"vhost.rtsp", "enabled", "off", "on", BY_RULE},
    {"vhost.rtsp", "rtmp_to_rtsp", "on", "off", BY_RULE},
    {"stream_caster", "enabled", "off", "on", NONE},
    {"stream_caster", "caster", "", "mpegts_over_udp|flv|gb28181", NONE},
    {"stream_caster", "output", "", "rtmp://127.0.0.1/[app]/[stream]", NONE},
    {"stream_caster", "listen", "0", "8935", NONE},
    {"stream_caster.sip", "enabled", "on", "off", NONE},
    {"stream_caster.sip", "listen", "5060", "5061", NONE},
    {"stream_caster.sip", "timeout", "60", "2.5", NONE},
    {"stream_caster.sip", "reinvite", "5", "2.5", NONE},
    {"stream_caster.sip", "candidate", "*", "192.168.1.1", NONE},
    {"stream_caster", "media_connect_timeout", "10", "5", NONE},
    {"stream_caster", "tcp_enable", "", "on", NONE},
    {"stream_caster", "rtp_port_min", "", "58200", NONE},
    {"stream_caster", "rtp_port_max", "", "58300", NONE},
    {"stream_caster", "wait_keyframe", "", "on", NONE},
    {"stream_caster", "rtp_idle_timeout", "", "30", NONE},
    {"stream_caster", "audio_enable", "", "on", NONE},
    {"stream_caster", "auto_create_channel", "", "on", NONE},
    {"stream_caster.sip", "serial", "", "34020000002000000001", NONE},
    {"stream_caster.sip", "realm", "", "3402000000", NONE},
    {"stream_caster.sip", "ack_timeout", "", "30", NONE},
    {"stream_caster.sip", "keepalive_timeout", "", "30", NONE},
    {"stream_caster.sip", "invite_port_fixed", "", "on", NONE},
    {"stream_caster.sip", "query_catalog_interval", "", "60", NONE},
    {"stream_caster.sip", "auto_play", "", "on", NONE},
    {"circuit_breaker", "enabled", "on", "off", BY_RULE},
    {"circuit_breaker", "high_threshold", "90", "80", BY_RULE},
    {"circuit_breaker", "high_pulse", "2", "0", BY_RULE},
    {"circuit_breaker", "critical_threshold", "95", "85", BY_RULE},
    {"circuit_breaker", "critical_pulse", "1", "0", BY_RULE},
    {"circuit_breaker", "dying_threshold", "99", "98", BY_RULE},
    {"circuit_breaker", "dying_pulse", "5", "0", BY_RULE},
    {"exporter", "enabled", "off", "on", BY_RULE},
    {"exporter", "listen", "9972", "9973", BY_RULE},
    {"exporter", "label", "", "cn-beijing", BY_RULE},
    {"exporter", "tag", "", "edge", BY_RULE},
    {"heartbeat", "enabled", "off", "on", BY_RULE},
    {"heartbeat", "interval", "10", "5", BY_RULE},
    {"heartbeat", "url", "http://127.0.0.1:8085/api/v1/servers", "http://a/b", BY_RULE},
    {"heartbeat", "device_id", "", "me", BY_RULE},
    {"heartbeat", "summaries", "off", "on", BY_RULE},
    {"heartbeat", "ports", "off", "on", BY_RULE},
    {"heartbeat.auth", "enabled", "off", "on", BY_RULE},
    {"heartbeat.auth", "type", "bearer", "bearer", BY_RULE},
    {"heartbeat.auth", "token", "", "abc", BY_RULE},
    {"stats", "enabled", "on", "off", NONE},
    {"stats", "network", "0", "1", NONE},
    {"stats", "disk", "", "sda vda", NONE},
    {"threads", "interval", "", "5", NONE},
    {"", "tencentcloud_cls", "", "{ enabled off; topic_id a; }", NONE},
    {"", "tencentcloud_apm", "", "{ enabled off; team a; }", NONE},
    {"vhost", "enabled", "on", "off", NONE},
    {"vhost", "bandcheck", "", "{ enabled on; }", NONE},
    {"vhost", "min_latency", "off", "on", BY_RULE},
    {"vhost", "tcp_nodelay", "off", "on", BY_RULE},
    {"vhost", "chunk_size", "", "4096", BY_RULE},
    {"vhost", "in_ack_size", "0", "2500000", BY_RULE},
    {"vhost", "out_ack_size", "2500000", "5000000", BY_RULE},
    {"vhost.play", "gop_cache", "on", "off", BY_RULE},
    {"vhost.play", "gop_cache_max_frames", "2500", "0|100", BY_RULE},
    {"vhost.play", "queue_length", "30", "10", BY_RULE},
    {"vhost.play", "time_jitter", "full", "full|zero|off", BY_RULE},
    {"vhost.play", "atc", "off", "on", BY_RULE},
    {"vhost.play", "mix_correct", "off", "on", BY_RULE},
    {"vhost.play", "atc_auto", "off", "on", BY_RULE},
    {"vhost.play", "mw_latency", "350", "0|100", BY_RULE},
    {"vhost.play", "mw_msgs", "8", "0|128", BY_RULE},
    {"vhost.play", "send_min_interval", "0", "10.5", BY_RULE},
    {"vhost.play", "reduce_sequence_header", "off", "on", BY_RULE},
    {"vhost.publish", "mr", "off", "on", BY_RULE},
    {"vhost.publish", "mr_latency", "350", "100", BY_RULE},
    {"vhost.publish", "firstpkt_timeout", "20000", "1000", BY_RULE},
    {"vhost.publish", "normal_timeout", "5000", "1000", BY_RULE},
    {"vhost.publish", "parse_sps", "on", "off", BY_RULE},
    {"vhost.publish", "try_annexb_first", "on", "off", BY_RULE},
    {"vhost.publish", "kickoff_for_idle", "0", "1.5", BY_RULE},
    {"vhost.cluster", "mode", "local", "local|remote", NONE},
    {"vhost.cluster", "origin", "", "127.0.0.1:1935 a.example", NONE},
    {"vhost.cluster", "token_traverse", "off", "on", NONE},
    {"vhost.cluster", "vhost", "[vhost]", "a.example", NONE},
    {"vhost.cluster", "debug_srs_upnode", "on", "off", NONE},
    {"vhost.cluster", "origin_cluster", "off", "on", NONE},
    {"vhost.cluster", "coworkers", "", "127.0.0.1:9091 127.0.0.1:9092", NONE},
    {"vhost.cluster", "protocol", "rtmp", "rtmp|flv|flvs", NONE},
    {"vhost.cluster", "follow_client", "off", "on", NONE},
    {"vhost.forward", "enabled", "off", "off", BY_RULE},
    {"vhost.forward", "destination", "", "127.0.0.1:1936 127.0.0.1:1937", NONE},
    {"vhost.forward", "backend", "", "http://127.0.0.1:8085/api/v1/forward", BY_RULE},
    {"vhost.refer", "enabled", "off", "on", NONE},
    {"vhost.refer", "all", "", "github.com github.io", NONE},
    {"vhost.refer", "publish", "", "github.com", NONE},
    {"vhost.refer", "play", "", "github.com", NONE},
    {"vhost.security", "enabled", "off", "on", NONE},
    {"vhost.security", "allow", "", "play all|publish 10.0.0.0/8", NONE},
    {"vhost.security", "deny", "", "publish all|play 127.0.0.1", NONE},
    {"vhost.exec", "enabled", "off", "on", NONE},
    {"vhost.exec", "publish", "", "./ffmpeg -i [url] -c copy a.flv", NONE},
    {"vhost.http_static", "enabled", "off", "on", BY_RULE},
    {"vhost.http_static", "mount", "[vhost]/", "[vhost]/hls", BY_RULE},
    {"vhost.http_static", "dir", "./objs/nginx/html", "/tmp", BY_RULE},
    {"vhost.http_remux", "enabled", "off", "on", BY_RULE},
    {"vhost.http_remux", "fast_cache", "0", "30", BY_RULE},
    {"vhost.http_remux", "drop_if_not_match", "on", "off", BY_RULE},
    {"vhost.http_remux", "has_audio", "on", "off", BY_RULE},
    {"vhost.http_remux", "has_video", "on", "off", BY_RULE},
    {"vhost.http_remux", "guess_has_av", "on", "off", BY_RULE},
    {"vhost.http_remux", "mount", "[vhost]/[app]/[stream].flv", "/[app]/[stream].ts", BY_RULE},
    {"vhost.http_remux", "hstrs", "", "on", NONE},
    {"vhost.http_hooks", "enabled", "off", "on", BY_RULE},
    {"vhost.http_hooks", "on_connect", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_close", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_publish", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_unpublish", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_play", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_stop", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_dvr", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_hls", "", "http://a/1 http://b/2", BY_RULE},
    {"vhost.http_hooks", "on_hls_notify", "", "http://a/[app]/[ts_url]", BY_RULE},
    {"vhost.hls", "enabled", "off", "on", BY_RULE},
    {"vhost.hls", "hls_use_fmp4", "off", "on", BY_RULE},
    {"vhost.hls", "hls_fragment", "10", "2.5", BY_RULE},
    {"vhost.hls", "hls_td_ratio", "1.0", "1.5", BY_RULE},
    {"vhost.hls", "hls_aof_ratio", "2.1", "1.5", BY_RULE},
    {"vhost.hls", "hls_window", "60", "7.5", BY_RULE},
    {"vhost.hls", "hls_recover", "on", "off", BY_RULE},
    {"vhost.hls", "hls_on_error", "continue", "ignore|disconnect|continue", BY_RULE},
    {"vhost.hls", "hls_path", "./objs/nginx/html", "/tmp", BY_RULE},
    {"vhost.hls", "hls_m3u8_file", "[app]/[stream].m3u8", "[stream].m3u8", BY_RULE},
    {"vhost.hls", "hls_ts_file", "[app]/[stream]-[seq].ts", "[stream]-[duration]-[timestamp].ts", BY_RULE},
    {"vhost.hls", "hls_fmp4_file", "[app]/[stream]-[seq].m4s", "[stream]-[seq].m4s", BY_RULE},
    {"vhost.hls", "hls_init_file", "[app]/[stream]/init.mp4", "[stream]/init.mp4", BY_RULE},
    {"vhost.hls", "hls_entry_prefix", "", "http://a/", BY_RULE},
    {"vhost.hls", "hls_acodec", "aac", "aac|mp3|an", BY_RULE},
    {"vhost.hls", "hls_vcodec", "h264", "h264|h265|vn", BY_RULE},
    {"vhost.hls", "hls_cleanup", "on", "off", BY_RULE},
    {"vhost.hls", "hls_dispose", "120", "0", BY_RULE},
    {"vhost.hls", "hls_wait_keyframe", "on", "off", BY_RULE},
    {"vhost.hls", "hls_ts_floor", "off", "on", BY_RULE},
    {"vhost.hls", "hls_nb_notify", "64", "128", BY_RULE},
    {"vhost.hls", "hls_ctx", "on", "off", BY_RULE},
    {"vhost.hls", "hls_ts_ctx", "on", "off", BY_RULE},
    {"vhost.hls", "hls_master_m3u8_path_relative", "off", "on", BY_RULE},
    {"vhost.hls", "hls_keys", "off", "on", BY_RULE},
    {"vhost.hls", "hls_fragments_per_key", "5", "10", BY_RULE},
    {"vhost.hls", "hls_key_file", "[app]/[stream]-[seq].key", "[stream].key", BY_RULE},
    {"vhost.hls", "hls_key_file_path", "./objs/nginx/html", "/tmp", BY_RULE},
    {"vhost.hls", "hls_key_url", "./objs/nginx/html", "http://a/", BY_RULE},
    {"vhost.hls", "hls_dts_directly", "on", "off", BY_RULE},
    {"vhost.hls", "hls_storage", "", "both", NONE},
    {"vhost.hls", "hls_mount", "", "a", NONE},
    {"vhost.dash", "enabled", "off", "on", BY_RULE},
    {"vhost.dash", "dash_fragment", "10", "30", BY_RULE},
    {"vhost.dash", "dash_update_period", "5", "150", BY_RULE},
    {"vhost.dash", "dash_timeshift", "300", "60", BY_RULE},
    {"vhost.dash", "dash_path", "./objs/nginx/html", "/tmp", BY_RULE},
    {"vhost.dash", "dash_mpd_file", "[app]/[stream].mpd", "[stream].mpd", BY_RULE},
    {"vhost.dash", "dash_window_size", "5", "10", BY_RULE},
    {"vhost.dash", "dash_cleanup", "on", "off", BY_RULE},
    {"vhost.dash", "dash_dispose", "120", "0", BY_RULE},
    {"vhost.hds", "enabled", "off", "on", BY_RULE},
    {"vhost.hds", "hds_fragment", "10", "5", BY_RULE},
    {"vhost.hds", "hds_window", "60", "30", BY_RULE},
    {"vhost.hds", "hds_path", "./objs/nginx/html", "/tmp", BY_RULE},
    {"vhost.dvr", "enabled", "off", "on", BY_RULE},
    {"vhost.dvr", "dvr_apply", "all", "live/a live/b", NONE},
    {"vhost.dvr", "dvr_plan", "session", "session|segment", BY_RULE},
    {"vhost.dvr", "dvr_path", "./objs/nginx/html/[app]/[stream].[timestamp].flv", "/tmp/[2006]/[01].mp4", BY_RULE},
    {"vhost.dvr", "dvr_duration", "30", "60", BY_RULE},
    {"vhost.dvr", "dvr_wait_keyframe", "on", "off", BY_RULE},
    {"vhost.dvr", "time_jitter", "full", "full|zero|off", BY_RULE},
    {"vhost.transcode", "enabled", "off", "on", NONE},
    {"vhost.transcode", "ffmpeg", "", "./objs/ffmpeg/bin/ffmpeg", NONE},
    {"vhost.ingest", "enabled", "off", "on", NONE},
    {"vhost.ingest.input", "type", "file", "file|stream", NONE},
    {"vhost.ingest.input", "url", "", "./doc/source.flv", NONE},
    {"vhost.ingest", "ffmpeg", "", "./objs/ffmpeg/bin/ffmpeg", NONE},
    {"vhost.transcode.engine", "enabled", "off", "on", NONE},
    {"vhost.transcode.engine", "perfile", "", "{ re; rtsp_transport tcp; }", NONE},
    {"vhost.transcode.engine", "iformat", "flv", "off", NONE},
    {"vhost.transcode.engine", "vfilter", "", "{ vf 'drawtext=text=a'; }", NONE},
    {"vhost.transcode.engine", "vcodec", "", "libx264", NONE},
    {"vhost.transcode.engine", "vbitrate", "0", "500", NONE},
    {"vhost.transcode.engine", "vfps", "0", "29.97", NONE},
    {"vhost.transcode.engine", "vwidth", "0", "640", NONE},
    {"vhost.transcode.engine", "vheight", "0", "360", NONE},
    {"vhost.transcode.engine", "vthreads", "1", "4", NONE},
    {"vhost.transcode.engine", "vprofile", "", "main", NONE},
    {"vhost.transcode.engine", "vpreset", "", "fast", NONE},
    {"vhost.transcode.engine", "vparams", "", "{ t 100; }", NONE},
    {"vhost.transcode.engine", "acodec", "", "copy", NONE},
    {"vhost.transcode.engine", "abitrate", "0", "64", NONE},
    {"vhost.transcode.engine", "asample_rate", "0", "44100", NONE},
    {"vhost.transcode.engine", "achannels", "0", "2", NONE},
    {"vhost.transcode.engine", "aparams", "", "{ profile:a aac_low; }", NONE},
    {"vhost.transcode.engine", "oformat", "flv", "off", NONE},
    {"vhost.transcode.engine", "output", "", "rtmp://127.0.0.1/[app]/[stream]_[engine]", NONE},
    {"vhost.ingest.engine", "enabled", "off", "on", NONE},
    {"vhost.ingest.engine", "perfile", "", "{ re; rtsp_transport tcp; }", NONE},
    {"vhost.ingest.engine", "iformat", "flv", "off", NONE},
    {"vhost.ingest.engine", "vfilter", "", "{ vf 'drawtext=text=a'; }", NONE},
    {"vhost.ingest.engine", "vcodec", "", "libx264", NONE},
    {"vhost.ingest.engine", "vbitrate", "0", "500", NONE},
    {"vhost.ingest.engine", "vfps", "0", "29.97", NONE},
    {"vhost.ingest.engine", "vwidth", "0", "640", NONE},
    {"vhost.ingest.engine", "vheight", "0", "360", NONE},
    {"vhost.ingest.engine", "vthreads", "1", "4", NONE},
    {"vhost.ingest.engine", "vprofile", "", "main", NONE},
    {"vhost.ingest.engine", "vpreset", "", "fast", NONE},
    {"vhost.ingest.engine", "vparams", "", "{ t 100; }", NONE},
    {"vhost.ingest.engine", "acodec", "", "copy", NONE},
    {"vhost.ingest.engine", "abitrate", "0", "64", NONE},
    {"vhost.ingest.engine", "asample_rate", "0", "44100", NONE},
    {"vhost.ingest.engine", "achannels", "0", "2", NONE},
    {"vhost.ingest.engine", "aparams", "", "{ profile:a aac_low; }", NONE},
    {"vhost.ingest.engine", "oformat", "flv", "off", NONE},
    {"vhost.ingest.engine", "output", "", "rtmp://127.0.0.1/[app]/[stream]_[engine]", NONE},
};
// clang-format on

// What stands in the table beside them: directives of our own, and what needs files to be tried.
static const struct {
    const char *scope;
    const char *name;
} ours[] = {
    {"", "include"},
    {"", "user"},
    {"", "group"},
    {"", "send_timeout"},
    {"", "media_memory"},
    {"", "workers"},
    {"", "max_connections_per_ip"},
    {"", "in_bandwidth_per_ip"},
    {"", "out_bandwidth_per_ip"},
    {"", "proxy_from"},
    {"vhost.play", "wait"},
    {"vhost.play", "send_buffer"},
    {"vhost.play", "queue_bytes"},
    {"vhost.play", "audio_gather"},
    {"vhost.forward", "tls_verify"},
    {"vhost.forward", "tls_ca"},
    {"vhost", "limits"},
    {"vhost.limits", "max_publishers"},
    {"vhost.limits", "max_players"},
    {"vhost.limits", "max_players_per_stream"},
    {"vhost.limits", "in_bandwidth"},
    {"vhost.limits", "out_bandwidth"},
    {"vhost.limits", "in_bandwidth_per_stream"},
    {"vhost.limits", "out_bandwidth_per_stream"},
    {"vhost.http_hooks", "timeout"},
    {"", "http_client"},
    {"http_client", "verify"},
    {"http_client", "ca_file"},
    {"", "name_servers"},
};

// Defaults that differ on purpose.
static const struct {
    const char *scope;
    const char *name;
    const char *value;
} others[] = {
    {"vhost.play", "mw_msgs", "0"}, // eight would send more often than a beat says, at a cost
};

enum { TEXT = 512 };

static void append(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char *out, const char *format, ...)
{
    va_list args;
    size_t at = strlen(out);
    va_start(args, format);
    int used = vsnprintf(out + at, TEXT - at, format, args);
    va_end(args);
    assert_in_range(used, 0, TEXT - at - 1);
}

// A file with that one line, in its blocks; vhost and ingest need names.
static void write_text(char *out, const char *scope, const char *name, const char *value)
{
    int blocks = 0;
    out[0] = '\0';
    while (*scope != '\0') {
        size_t size = strcspn(scope, ".");
        bool vhost = strncmp(scope, "vhost", size) == 0 && size == 5;
        append(out, "%.*s%s { ", (int)size, scope, vhost ? " v" : "");
        scope += size + (scope[size] == '.');
        blocks++;
    }
    append(out, "%s %s%s", name, value, value[0] == '{' ? "" : ";");
    for (; blocks > 0; blocks--)
        append(out, " }");
}

// The at-th of the texts with | between them; false behind the last.
static bool pick(const char *texts, size_t at, char *out, size_t size)
{
    if (texts[0] == '{') {
        (void)snprintf(out, size, "%s", texts);
        return at == 0;
    }
    for (; at > 0; at--) {
        texts += strcspn(texts, "|");
        if (*texts == '\0')
            return false;
        texts++;
    }
    (void)snprintf(out, size, "%.*s", (int)strcspn(texts, "|"), texts);
    return true;
}

// A note that says anything but that the feature is not there.
static const char *odd_note(const struct srs_config *config)
{
    static const char *const usual[] = {"not built yet",
                                        "only .flv is built yet",
                                        "no listen",
                                        "no vhost",
                                        "is out of use and has no effect",
                                        "the log stays on the output",
                                        "nobody may use the API",
                                        "there is no server to ask"};
    for (size_t i = 0; i < config->note_count; i++) {
        bool known = false;
        for (size_t j = 0; j < SRS_COUNT(usual); j++)
            known = known || strstr(config->notes[i], usual[j]) != NULL;
        if (!known)
            return config->notes[i];
    }
    return NULL;
}

static void test_surface_given_each_value_in_a_file_then_accepted(void **state)
{
    char text[TEXT];
    char value[TEXT];
    for (size_t i = 0; i < SRS_COUNT(surface); i++)
        for (size_t j = 0; pick(surface[i].values, j, value, sizeof value); j++) {
            write_text(text, surface[i].scope, surface[i].name, value);
            struct srs_config *config = config_must(*state, text, NULL);
            if (odd_note(config) != NULL)
                fail_msg("%s: %s", text, odd_note(config));
            srs_config_unref(config);
        }
}

static const char *default_of(const struct surface *row)
{
    for (size_t i = 0; i < SRS_COUNT(others); i++)
        if (strcmp(others[i].scope, row->scope) == 0 && strcmp(others[i].name, row->name) == 0)
            return others[i].value;
    return row->usual;
}

static void test_surface_given_each_row_then_published_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRS_COUNT(surface); i++) {
        const struct srs_directive *row = srs_directive_find(surface[i].scope, surface[i].name);
        if (row == NULL)
            fail_msg("%s.%s is not in the table", surface[i].scope, surface[i].name);
        else if (strcmp(row->value, default_of(&surface[i])) != 0)
            fail_msg("%s.%s: default %s", surface[i].scope, surface[i].name, row->value);
    }
}

// A word that no list holds is told, whether the feature is there or not.
static void test_surface_given_unknown_word_then_note(void **state)
{
    char text[TEXT];
    size_t lists = 0;
    for (size_t i = 0; i < SRS_COUNT(surface); i++) {
        const struct srs_directive *row = srs_directive_find(surface[i].scope, surface[i].name);
        if (row == NULL || row->words == NULL)
            continue;
        lists++;
        write_text(text, surface[i].scope, surface[i].name, "no_such_word");
        struct srs_config *config = config_must(*state, text, NULL);
        if (config_notes_with(config, "which it does not know: taken as") != 1)
            fail_msg("%s: no note", text);
        srs_config_unref(config);
    }
    assert_true(lists > 15);
}

static void make_name(const struct surface *row, char *out, size_t size)
{
    (void)snprintf(out, size, "SRS_%s%s%s", row->scope, row->scope[0] != '\0' ? "_" : "",
                   row->name);
    for (char *c = out; *c != '\0'; c++)
        *c = (char)(*c == '.' ? '_' : toupper((unsigned char)*c));
}

static void assert_variable(const struct config_files *files, const char *name, const char *value,
                            bool works)
{
    char entry[TEXT];
    char *env[] = {entry, NULL};
    (void)snprintf(entry, sizeof entry, "%s=%s", name, value);
    struct srs_config *config = config_must(files, "vhost v {}", env);
    bool refused = config_notes_with(config, "has no effect: set it in a file") > 0;
    if (works && odd_note(config) != NULL)
        fail_msg("%s: %s", entry, odd_note(config));
    if (!works && !refused)
        fail_msg("%s: no note that it has no effect", entry);
    srs_config_unref(config);
}

static void test_surface_given_each_variable_then_accepted(void **state)
{
    char value[TEXT];
    char name[TEXT];
    for (size_t i = 0; i < SRS_COUNT(surface); i++) {
        const struct surface *row = &surface[i];
        (void)pick(row->values, 0, value, sizeof value);
        make_name(row, name, sizeof name);
        if (row->variables == BY_RULE) {
            assert_variable(*state, name, value, true);
            continue;
        }
        if (row->variables[0] == '\0') {
            assert_variable(*state, name, value, false);
            continue;
        }
        for (size_t j = 0; pick(row->variables, j, name, sizeof name); j++)
            assert_variable(*state, name, value, true);
    }
}

static bool is_listed(const struct srs_directive *row)
{
    for (size_t i = 0; i < SRS_COUNT(surface); i++)
        if (strcmp(surface[i].scope, row->scope) == 0 && strcmp(surface[i].name, row->name) == 0)
            return true;
    for (size_t i = 0; i < SRS_COUNT(ours); i++)
        if (strcmp(ours[i].scope, row->scope) == 0 && strcmp(ours[i].name, row->name) == 0)
            return true;
    return false;
}

static void test_table_given_each_row_then_published_or_our_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < srs_directive_count(); i++) {
        const struct srs_directive *row = srs_directive_at(i);
        if (row->type != SRS_DIRECTIVE_SCOPE && !is_listed(row))
            fail_msg("%s.%s is not listed here", row->scope, row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surface_given_each_value_in_a_file_then_accepted),
        cmocka_unit_test(test_surface_given_each_row_then_published_default),
        cmocka_unit_test(test_surface_given_unknown_word_then_note),
        cmocka_unit_test(test_surface_given_each_variable_then_accepted),
        cmocka_unit_test(test_table_given_each_row_then_published_or_our_own),
    };
    return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
