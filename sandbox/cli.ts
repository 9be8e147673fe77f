/** `npm run sandbox -- <command>`: runs alpa-auth on this machine, with emulators. */
import { Command, InvalidArgumentError, Option } from "commander";
import { PLANS } from "./cloudflare/account";
import { down } from "./commands/down";
import { env } from "./commands/env";
import { status } from "./commands/status";
import { up } from "./commands/up";
import { PART_NAMES } from "./real/parts";
import { EXPOSURES, OPTIONS } from "./world/scene";

// `standalone` loads the emulators, so it is loaded only by the commands that use it.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would load them at once
const standalone = () => require("./commands/standalone") as typeof import("./commands/standalone");

const port = (text: string): number => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < 0 || number > 65535)
        throw new InvalidArgumentError("must be a port from 0 to 65535. 0 means any free port.");
    return number;
};
const seconds = (text: string): number => {
    const number = Number(text);
    if (!(number >= 0)) throw new InvalidArgumentError("must be a number of seconds, 0 or more.");
    return number;
};

const accountId = (text: string): string => {
    if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError("must be 32 hex digits in lower case.");
    return text;
};

const program = new Command("sandbox").description(
    "Run alpa-auth in a local sandbox, without a cloud account or a cluster.",
);

program
    .command("up")
    .description("Start the sandbox, run `pulumi up` on a shipped stack, and print requests to try")
    .addOption(
        new Option("--stack <name>", "stack file to bring up")
            .choices(["intra", "inter", "cloudflare", "openai"])
            .default("intra"),
    )
    .addOption(
        new Option("--exposure <way>", "how callers reach the gateway of a stack other than cloudflare").choices(
            EXPOSURES,
        ),
    )
    .addOption(
        new Option(
            "--option <name>",
            "value of the config key `option` of stack intra; with intra-b, the conversion of Alpa from bare metal to pods is prepared",
        ).choices(OPTIONS),
    )
    .option("--load-seconds <seconds>", "how long the model of stack intra takes to load (default: 5)", seconds)
    .option(
        "--observe",
        "also start the Prometheus on PATH, which scrapes the gateway and evaluates the project's alerts",
        false,
    )
    .option(
        "--real [parts]",
        "run real programs instead of emulators: available (the default: all programs that are found), all, or some of " +
            PART_NAMES.join(", "),
    )
    .option("--detach", "return when the sandbox is ready and leave it running; stop it with `down`", false)
    .action(up);
program.command("env").description("Print export lines for a shell in which you run pulumi by hand").action(env);
program
    .command("status")
    .description("Show the running programs, and requests to try")
    .option("--json", "print one JSON document instead of text", false)
    .action(status);
program.command("down").description("Stop everything the sandbox started").action(down);
program
    .command("gateway")
    .description(
        "Run the emulated APISIX alone: its data port, and the part of its Admin API that the ingress controller uses",
    )
    .requiredOption("--port <port>", "data port", port)
    .requiredOption("--admin-port <port>", "port of the Admin API", port)
    .requiredOption("--admin-key <key>", "key of the Admin API")
    .action((options) => standalone().runGateway(options));
program
    .command("cloudflare")
    .description(
        "Run the emulated Cloudflare API alone; a zone becomes active at its first check, as if the registrar had set Cloudflare's name servers",
    )
    .requiredOption("--port <port>", "port to listen on", port)
    .requiredOption("--token <token>", "API token that clients must send")
    .option("--account <id>", "the account's id (default: the first account id in a request)", accountId)
    .addOption(new Option("--plan <plan>", "plan of new zones").choices(PLANS).default("enterprise"))
    .option(
        "--edge-port <port>",
        "also run the edge, on this port; new zones and certificates are then active at once",
        port,
    )
    .option("--connector-port <port>", "port on which the edge accepts connectors (default: any free one)", port)
    .action((options) => standalone().runCloudflare(options));
program
    .command("alpa")
    .description("Run the emulated HTTP service of Alpa alone")
    .requiredOption("--port <port>", "port to listen on", port)
    .option("--seconds <seconds>", "how long Alpa takes to answer one batch of requests", seconds, 0)
    .action((options) => standalone().runAlpa(options));
program
    .command("redis")
    .description("Run a real Redis or Valkey alone, for limits shared by several gateways")
    .requiredOption("--port <port>", "port to listen on", port)
    .action((options) => standalone().runRedis(options));

// EPIPE is not an error: the reader of the output, such as `head`, has stopped reading.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
});
program.parseAsync().catch((error: Error) => {
    console.error(`sandbox: ${error.message}`);
    // A build that still runs would keep this process alive.
    process.exit(1);
});
