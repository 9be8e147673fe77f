/** The commands of `alpa-auth`: what each is called, takes and says of itself. What they do is in the folders beside. */
import { Command } from "commander";
import { ALGORITHMS } from "../config/keys/consumers/credentials";
import {
    choice,
    collect,
    label,
    labels,
    wholeNumber,
    withApply,
    withJson,
    withPublicKey,
    withStack,
} from "./arguments";
import { checkDns } from "./check/dns";
import { checkExposure } from "./check/exposure";
import { smoke, SMOKE_CONSUMER } from "./check/smoke";
import { add, remove, revoke, rotate } from "./consumer/change";
import { expire } from "./consumer/expire";
import { expiring } from "./consumer/expiring";
import { handout } from "./consumer/handout";
import { importKeys } from "./consumer/import";
import { list } from "./consumer/list";
import { moveToFile } from "./consumer/move-to-file";
import { version } from "../package.json";
import type { Context } from "./context";
import { plan } from "./convert/plan";
import { rehearse } from "./convert/rehearse";
import { run } from "./convert/run";
import { abort, status } from "./convert/status";
import { importZone } from "./dns/import";
import { apply } from "./stack/apply/apply";
import { check } from "./stack/apply/check";
import { diff, history } from "./stack/history/history";
import { drift } from "./review/drift";
import { FAIL_ON, FORMATS, review } from "./review/review";
import { rollback } from "./stack/rollback/rollback";
import { METHODS } from "./stack/stack-file";
import { inspect } from "./token/inspect";
import { issue } from "./token/issue";

const METHOD_HELP = "how the caller proves who it is (default: key; with option cloudflare service-token)";

export function program(context: Context): Command {
    const root = new Command("alpa-auth")
        .description(
            "Callers of the gateway, and Alpa behind it, for operators. Each command that changes a stack, and with it a cluster, hosts or an account, only shows what it would do, until --apply.",
        )
        .version(version);
    consumerCommands(root.command("consumer").description("callers and their credentials"), context);
    tokenCommands(root.command("token").description("tokens of callers (JWT)"), context);
    stackCommands(root.command("stack").description("a stack as a whole: what a change does to live callers"), context);
    checkCommands(root.command("check").description("what is so outside of this program; looks only"), context);
    convertCommands(
        root.command("convert").description("Alpa into the cluster and back: options intra-a and intra-b"),
        context,
    );
    dnsCommands(root.command("dns").description("the zone of option cloudflare, and its move"), context);
    return root;
}

function consumerCommands(consumer: Command, context: Context): void {
    withJson(consumer.command("list"))
        .description("callers of the config against those of the cluster or of Cloudflare; never a secret")
        .option("--check", "exit with 1 when something does not fit together")
        .action((args) => list(context, args));
    withPublicKey(withApply(withStack(consumer.command("add"))))
        .description("add a caller, or one more credential to a caller")
        .argument("<consumer>", "name of the caller", label)
        .option("--credential <id>", "id of the credential", label, "first")
        .addOption(choice("--method <method>", METHOD_HELP, METHODS))
        .addOption(choice("--algorithm <name>", "how tokens are signed, with jwt", ALGORITHMS))
        .option("--expires <day>", "day from which it is left out, as 2027-01-31 (UTC)")
        .option("--requests <n>", "limit of a new caller: requests in each window", wholeNumber(1))
        .option("--per-seconds <s>", "length of that window, in seconds", wholeNumber(1))
        .option("--concurrent <n>", "limit of a new caller: requests open at the same time", wholeNumber(1))
        .action((name, args) => add(context, name, args));
    withPublicKey(withApply(withStack(consumer.command("rotate"))))
        .description(
            "a successor beside a key or jwt, a new secret in a service token; the old one ends after an overlap",
        )
        .argument("<consumer>", "name of the caller", label)
        .argument("<credential>", "id of the credential to be replaced", label)
        .option("--successor <id>", "id of the new credential, with key and jwt", label)
        .requiredOption(
            "--overlap-days <n>",
            "midnights (UTC) until the old one ends, at most the stack's maxOverlapDays",
            wholeNumber(1),
        )
        .option("--expires <day>", "day from which the successor is left out")
        .action((name, id, args) => rotate(context, name, id, args));
    withApply(withStack(consumer.command("revoke")))
        .description("take one credential away, and see that the gateway refuses it")
        .argument("<consumer>", "name of the caller", label)
        .argument("<credential>", "id of the credential", label)
        .action((name, id, args) => revoke(context, name, id, args));
    withApply(withStack(consumer.command("remove")))
        .description("take a caller away with all its credentials")
        .argument("<consumer>", "name of the caller", label)
        .action((name, args) => remove(context, name, args));
    withJson(consumer.command("expiring"))
        .description("credentials of the config that end soon, or have ended")
        .option("--within <days>", "how far to look ahead", wholeNumber(0), 30)
        .option("--fail-on <days>", "exit with 1 when one ends within so many days, or has ended", wholeNumber(0))
        .action((args) => expiring(context, args));
    withApply(withStack(consumer.command("expire")), "run pulumi up with the plan that was reviewed")
        .description("leave out what has ended, and refuse to run when that would do anything else; for every night")
        .addOption(choice("--format <format>", "how to print the review", FORMATS, "text"))
        .action((args) => expire(context, args));
    withStack(consumer.command("handout"))
        .description("give a credential to its caller, once: prints or writes all the caller needs")
        .argument("<consumer>", "name of the caller", label)
        .argument("<credential>", "id of the credential", label)
        .option("--out <file>", "write a new file that only you can read, instead of printing")
        .option("--recipient <key>", "encrypt to age1…, ssh-ed25519 … or ssh-rsa …; may be repeated", collect, [])
        .option("--recipient-file <file>", "encrypt to the public keys of a file, one in each line")
        .option("--again <reason>", "hand it out although it was handed out before")
        .action((name, id, args) => handout(context, name, id, args));
    withApply(withStack(consumer.command("import")))
        .description("bring the keys of Alpa's own keys file, one caller for each")
        .argument("<file>", 'JSON with "allowed_api_keys"')
        .option("--names <a,b,…>", "names of the callers, in the order of the keys (default: imported-1, …)", labels)
        .action((file, args) => importKeys(context, file, args));
    withApply(withStack(consumer.command("move-to-file")), "write both files")
        .description("move the callers of a stack file into a file of their own, for more than 1,650 of them")
        .argument("<file>", "the new file, relative to the folder of Pulumi.yaml, as callers/intra.yaml")
        .action((file, args) => moveToFile(context, file, args));
}

function tokenCommands(token: Command, context: Context): void {
    withStack(token.command("issue"))
        .description("sign a token for a caller; HS256 only, since other algorithms are signed by the caller")
        .argument("<consumer>", "name of the caller", label)
        .argument("<credential>", "id of the credential", label)
        .requiredOption("--ttl <time>", "how long it works: seconds, or as 15m or 1h; at most 24h")
        .option("--claims <json>", "more claims, as a JSON object")
        .action((name, id, args) => issue(context, name, id, args));
    withJson(token.command("inspect"))
        .description("say what is in the token on standard input, and whose it is")
        .option("--verify", "check the signature too; exit with 1 unless it is good")
        .action((args) => inspect(context, args));
}

function stackCommands(stack: Command, context: Context): void {
    withReview(withStack(stack.command("review")))
        .description("say what a change does to live callers, most dangerous first; runs pulumi preview, or reads one")
        .option("--preview <file>", "read what pulumi preview --json printed, instead of running it")
        .option("--plan <file>", "read a plan of pulumi preview --save-plan")
        .option("--save-plan <file>", "save the plan, so that pulumi up --plan does what was reviewed")
        .action((args) => review(context, args));
    withReview(withStack(stack.command("check")))
        .description("may this change go on? its review under the policy pack, and what was agreed to; changes nothing")
        .option("--out <folder>", "make a folder with the plan, for stack apply; only when it may go on")
        .action((args) => check(context, args));
    withApply(withStack(stack.command("apply")), "run pulumi up with that plan")
        .description("carry out the plan of a check, and nothing else; of this commit, this config and this state")
        .requiredOption("--plan <folder>", "the folder that stack check --out has made")
        .addOption(choice("--format <format>", "how to print the review", FORMATS, "text"))
        .action((args) => apply(context, args));
    withReview(withStack(stack.command("drift")), "risk")
        .description("say what somebody has changed behind Pulumi's back, in the words of review; corrects nothing")
        .action((args) => drift(context, args));
    withJson(stack.command("history"))
        .description("versions of the stack: who, when, from which commit, and what each meant for callers")
        .option("--last <n>", "how many, the newest of them", wholeNumber(1), 20)
        .action((args) => history(context, args));
    withJson(stack.command("diff"))
        .description("what differs between two versions: for callers, in the config, in the program")
        .argument("<from>", "number of a version, from stack history", wholeNumber(1))
        .argument("<to>", "number of another", wholeNumber(1))
        .action((from, to, args) => diff(context, from, to, args));
    withApply(withStack(stack.command("rollback")), "carry it out, and call the service from outside after it")
        .description("go back to the program and the config of an earlier version")
        .requiredOption("--to <version>", "number of the version, from stack history", wholeNumber(1))
        .option("--new-credentials", "accept that revoked credentials come back as new ones, to be handed out again")
        .option(
            "--readmit <consumer/credential>",
            "accept the revoked key of a credential again; may be repeated",
            collect,
            [],
        )
        .option("--config-file <file>", "the stack file of that version, where it is in no commit")
        .addOption(choice("--format <format>", "how to print the review", FORMATS, "text"))
        .option("--consumer <name>", "the caller of the calls after it, made for this", label, "smoke")
        .action((args) => rollback(context, args));
}

function withReview(command: Command, limit: (typeof FAIL_ON)[number] = FAIL_ON[0]): Command {
    return command
        .addOption(choice("--format <format>", "how to print it; markdown is for a pull request", FORMATS, "text"))
        .addOption(choice("--fail-on <severity>", "exit with 1 when a finding is as bad, or worse", FAIL_ON, limit));
}

function checkCommands(check: Command, context: Context): void {
    withJson(check.command("dns"))
        .description(
            "compare a zone on both sides of its move, or with exposure azure its record set; exit with 1 when an answer differs",
        )
        .option("--zone <name>", "name of the zone (default: zone.name of the stack)")
        .option("--records <file>", "data of the zone (default: dns.records of the stack)")
        .option("--old <host[:port]>", "a name server the zone leaves; may be repeated", collect, [])
        .option("--new <host[:port]>", "a name server of Cloudflare; may be repeated", collect, [])
        .option(
            "--server <host[:port]>",
            "a name server of the zone, with exposure azure; may be repeated",
            collect,
            [],
        )
        .option("--at-edge", "proxied names are answered by the edge (default: from phase proxied on)")
        .option("--timeout <seconds>", "longest time for all of it", wholeNumber(1), 120)
        .action((args) => checkDns(context, args));
    withJson(check.command("exposure"))
        .description("look from outside: only the entry point may answer; exit with 1 when anything else does")
        .option(
            "--address <address>",
            "an address to look at, of the load balancer or a host; may be repeated (default: those of the stack)",
            collect,
            [],
        )
        .option(
            "--closed <address>",
            "an address of a host that must answer nobody, as Alpa's; may be repeated",
            collect,
            [],
        )
        .option("--ca <file>", "certificates to trust, in PEM form (default: those of this machine)")
        .option("--timeout <seconds>", "longest time for all of it", wholeNumber(1), 60)
        .action((args) => checkExposure(context, args));
    withJson(check.command("smoke"))
        .description("call the service as a caller of its own does, with every method; exit with 1 unless all is right")
        .option("--consumer <name>", "the caller, made for this: its limit is used up", label, SMOKE_CONSUMER)
        .option("--most-requests <n>", "most requests that may reach Alpa", wholeNumber(1), 20)
        .option("--timeout <seconds>", "longest time for one answer", wholeNumber(1), 120)
        .option("--url <url>", "another address of the same service (default: that of the stack)")
        .action((args) => smoke(context, args));
}

function convertCommands(convert: Command, context: Context): void {
    const to = (about: string) => choice("--to <option>", about, ["intra-a", "intra-b"]);
    withJson(convert.command("plan"))
        .description("the steps with their times, and all that stands against them; changes nothing")
        .addOption(to("where to (default: the other option)"))
        .action((args) => plan(context, args));
    withApply(withJson(convert.command("rehearse")), "make that stack, and clear it away in the end")
        .description(
            "do it there and back in a stack of its own, as convert.rehearsal says; the stack itself is not touched",
        )
        .action((args) => rehearse(context, args));
    withApply(withJson(convert.command("run")), "do it, or go on")
        .description(
            "convert, or go on with what was begun; returns to intra-a by itself when a step fails or time runs out",
        )
        .addOption(to("where to (default: intra-b, or as begun)"))
        .option("--take-over", "go on with a conversion that another machine has begun, and is gone")
        .action((args) => (args.apply ? run(context, args) : plan(context, { ...args, to: args.to ?? "intra-b" })));
    withJson(convert.command("status"))
        .description("where it is, since when callers get 503, and what comes next")
        .action((args) => status(context, args));
    withApply(withJson(convert.command("abort")), "return, or ask whoever is at work to")
        .description("return to intra-a: whoever is at work is asked to, else it is done from here")
        .option("--take-over", "of a conversion that another machine has begun, and is gone")
        .action((args) => abort(context, args));
}

function dnsCommands(dns: Command, context: Context): void {
    dns.command("import")
        .description("make data of an export: of az network dns zone export, or record-set list -o json")
        .argument("<file>", "the export")
        .option("--zone <name>", "name of the zone (default: as the export says)")
        .option("--out <file>", "write a new file, as dns/example.com.yaml, instead of printing")
        .action((file, args) => importZone(context, file, args));
}
