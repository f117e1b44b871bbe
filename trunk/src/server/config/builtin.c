// The built-in profile: what runs without a file, an option or a variable. trunk/conf/srs.conf says
// the same, with comments; a test holds the two equal.
#include "server/config/steps.h"

const char srs_config_builtin[] = "daemon off;\n"
                                  "srs_log_tank console;\n"
                                  "max_connections auto;\n"
                                  "rtmp {\n"
                                  "    listen 1935;\n"
                                  "}\n"
                                  "http_api {\n"
                                  "    enabled on;\n"
                                  "    listen 1985;\n"
                                  "}\n"
                                  "http_server {\n"
                                  "    enabled on;\n"
                                  "    listen 8080;\n"
                                  "}\n"
                                  "vhost __defaultVhost__ {\n"
                                  "    http_remux {\n"
                                  "        enabled on;\n"
                                  "        mount [vhost]/[app]/[stream].flv;\n"
                                  "    }\n"
                                  "}\n";
