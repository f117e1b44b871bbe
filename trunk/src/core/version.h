// The one place that names the server and its version.
#pragma once

#define SRS_VERSION_MAJOR    1
#define SRS_VERSION_MINOR    0
#define SRS_VERSION_REVISION 0
#define SRS_VERSION          "1.0.0"
#define SRS_CODENAME         "First"
// As in the Server header and in RTMP answers.
#define SRS_SIGNATURE "SRS/" SRS_VERSION "(" SRS_CODENAME ")"
