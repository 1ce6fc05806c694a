/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/emulator.h"

#include <getopt.h>
#include <string.h>

static const char help[] =
        "Usage: hcloud-emulator [OPTION…]\n"
        "Emulates DWS, CSE, EMS, UCS, IAM, ServiceComb engines and fleets of Huawei Cloud on the\n"
        "loopback network, by the OpenAPI documents of these services.\n"
        "\n"
        "  --listen ADDRESS:PORT  where to listen (127.0.0.1:0: any free port, which is printed)\n"
        "  --plain                HTTP without TLS\n"
        "  --tls-dir DIR          where the certificate authority is kept (ca.pem)\n"
        "  --contract DIR         where the OpenAPI documents are\n"
        "  --seed WHAT            demo, empty, scale:N or a file (demo)\n"
        "  --state FILE           keep the state there over restarts\n"
        "  --speed X              let long work go X times faster; 0: at once (1)\n"
        "  --latency MS           delay of every answer (0)\n"
        "  --rate N/S             allow N requests in S seconds for each service\n"
        "  --faults FILE          rules of what goes wrong, read again when changed\n"
        "  --request-log FILE     append a JSON line for each request\n"
        "  --clock-offset S       seconds by which the emulated clock is ahead (0)\n"
        "  --token-life S         seconds for which tokens are good (86400)\n"
        "  --exit-with-parent     end when standard input ends or the parent does\n"
        "  --help, --version\n"
        "\n"
        "Services have hosts below localhost, e.g. https://dws.cn-north-4.localhost:PORT;\n"
        "hcloud-emulator(1) lists them, the credentials of the demo and the rules of faults.\n";

enum option_id {
        OPTION_LISTEN = 256,
        OPTION_PLAIN,
        OPTION_TLS_DIR,
        OPTION_CONTRACT,
        OPTION_SEED,
        OPTION_STATE,
        OPTION_SPEED,
        OPTION_LATENCY,
        OPTION_RATE,
        OPTION_FAULTS,
        OPTION_REQUEST_LOG,
        OPTION_CLOCK_OFFSET,
        OPTION_TOKEN_LIFE,
        OPTION_EXIT_WITH_PARENT,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option table[] = {
        { "listen", required_argument, NULL, OPTION_LISTEN },
        { "plain", no_argument, NULL, OPTION_PLAIN },
        { "tls-dir", required_argument, NULL, OPTION_TLS_DIR },
        { "contract", required_argument, NULL, OPTION_CONTRACT },
        { "seed", required_argument, NULL, OPTION_SEED },
        { "state", required_argument, NULL, OPTION_STATE },
        { "speed", required_argument, NULL, OPTION_SPEED },
        { "latency", required_argument, NULL, OPTION_LATENCY },
        { "rate", required_argument, NULL, OPTION_RATE },
        { "faults", required_argument, NULL, OPTION_FAULTS },
        { "request-log", required_argument, NULL, OPTION_REQUEST_LOG },
        { "clock-offset", required_argument, NULL, OPTION_CLOCK_OFFSET },
        { "token-life", required_argument, NULL, OPTION_TOKEN_LIFE },
        { "exit-with-parent", no_argument, NULL, OPTION_EXIT_WITH_PARENT },
        { "help", no_argument, NULL, OPTION_HELP },
        { "version", no_argument, NULL, OPTION_VERSION },
        { 0 },
};

static int64_t number(const char *option, const char *text, int64_t min, int64_t max) {
        int64_t value;

        if (parse_int(text, &value) < 0 || value < min || value > max)
                die("--%s needs a number from %lld to %lld, not \"%s\"", option, (long long)min,
                    (long long)max, text);
        return value;
}

static void parse_rate(struct options *options, const char *text) {
        const char *slash = strchr(text, '/');
        _cleanup_(freep) char *count = slash ? x_strndup(text, (size_t)(slash - text)) : NULL;

        if (!slash)
                die("--rate needs N/S (requests in seconds), not \"%s\"", text);
        options->rate = number("rate", count, 1, 1000000);
        options->rate_window_s = number("rate", slash + 1, 1, 86400);
}

static void parse_text(struct options *options, int id, const char *value) {
        switch (id) {
        case OPTION_LISTEN:
                options->listen = value;
                break;
        case OPTION_TLS_DIR:
                options->tls_dir = value;
                break;
        case OPTION_CONTRACT:
                options->contract = value;
                break;
        case OPTION_SEED:
                options->seed = value;
                break;
        case OPTION_STATE:
                options->state = value;
                break;
        case OPTION_FAULTS:
                options->faults = value;
                break;
        case OPTION_REQUEST_LOG:
                options->request_log = value;
                break;
        default:
                fputs("Try --help.\n", stderr);
                exit(2);
        }
}

static void parse_one(struct options *options, int id, const char *value) {
        switch (id) {
        case OPTION_PLAIN:
                options->plain = true;
                break;
        case OPTION_EXIT_WITH_PARENT:
                options->exit_with_parent = true;
                break;
        case OPTION_SPEED:
                if (parse_number(value, &options->speed) < 0)
                        die("--speed needs a number, not \"%s\"", value);
                break;
        case OPTION_LATENCY:
                options->latency_ms = number("latency", value, 0, 600000);
                break;
        case OPTION_RATE:
                parse_rate(options, value);
                break;
        case OPTION_CLOCK_OFFSET:
                options->clock_offset_s = number("clock-offset", value, -100000000, 100000000);
                break;
        case OPTION_TOKEN_LIFE:
                options->token_life_s = number("token-life", value, 1, 86400);
                break;
        case OPTION_HELP:
                fputs(help, stdout);
                exit(0);
        case OPTION_VERSION:
                puts("hcloud-emulator " HCLOUDFS_VERSION);
                exit(0);
        default:
                parse_text(options, id, value);
        }
}

void options_parse(struct options *options, int argc, char **argv) {
        int id;

        *options = (struct options){
                .listen = "127.0.0.1:0", .seed = "demo", .speed = 1, .token_life_s = 86400
        };
        while ((id = getopt_long(argc, argv, "", table, NULL)) != -1)
                parse_one(options, id, optarg);
        if (optind < argc)
                die("unexpected argument \"%s\"; try --help", argv[optind]);
}
