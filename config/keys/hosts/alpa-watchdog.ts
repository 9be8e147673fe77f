import * as z from "zod";
import type { AlpaWatchdogArgs } from "../../../components/hosts/watchdog/alpa-watchdog";
import type { Sound } from "../../cross-check";
import { isGiven, type Raw } from "../../unchecked";
import { positive } from "../../values";
import { progressKeys, progressLimits, watchdogProblems } from "../watchdog";
import { sshHost, sshHostOf, sshHostProblems } from "./ssh-host";
import { systemdUnit } from "./systemd-unit";

/**
 * Default shortest time between restarts, in seconds. Alpa must load its model in less time: 300 GB of weights over a
 * network take half an hour.
 */
const DEFAULT_RESTART_PAUSE_SECONDS = 3600;

/** Key `alpa.watchdog`. */
export const alpaWatchdog = z
    .strictObject({
        enabled: z.boolean().default(true).meta({
            description: "Whether the watchdog is installed on the hosts. `false` removes it.",
            reason: "A stack without a watchdog does not set the key `watchdog`.",
        }),
        hosts: z
            .array(sshHost)
            .min(1, { error: "must name at least one host that Alpa answers on. Add a host" })
            .describe(
                "The hosts on which Alpa answers requests. An Alpa that runs on several hosts answers only on the Ray head node.",
            ),
        restart: z.boolean().default(false).meta({
            description:
                "Whether the watchdog restarts `unit` when Alpa makes no progress. With `false` it only reports.",
            reason: "A restart interrupts all requests in progress, so the watchdog restarts Alpa only if an operator enables it.",
        }),
        unit: systemdUnit("alpa.service")
            .optional()
            .meta({
                description: "The systemd service that runs Alpa on these hosts. Required with `restart: true`.",
                examples: ["alpa.service"],
                unset: "no service is restarted",
            }),
        restartPauseSeconds: positive("a time in seconds").default(DEFAULT_RESTART_PAUSE_SECONDS).meta({
            description:
                "Shortest time between two restarts, in seconds. It must be longer than Alpa takes to load its model.",
            reason: "300 GB of weights over a network take half an hour.",
        }),
        ...progressKeys,
    })
    .meta({
        description:
            "A program on the hosts of Alpa, which reports when Alpa makes no progress, and restarts Alpa if configured.",
        unset: "no watchdog",
    });

type ParsedWatchdog = z.infer<typeof alpaWatchdog>;

/**
 * Checks the keys of `alpa.watchdog` against each other and against other keys.
 * @param given the stack config before parsing, which shows which keys are set
 * @param answerSeconds longest time that callers wait for one answer; undefined if unknown
 * @param isSecret whether a value is stored encrypted
 */
export function alpaWatchdogProblems(
    watchdog: Sound<ParsedWatchdog> | undefined,
    given: Raw,
    answerSeconds: number | undefined,
    isSecret: (value: unknown) => boolean,
): string[] {
    const where = "alpa.watchdog";
    if (watchdog === undefined) return [];
    const { hosts = [], restart } = watchdog;
    const isNamed = isGiven(given, "alpa", "watchdog", "unit");
    const problems = sshHostProblems(`${where}.hosts`, hosts, isSecret);
    if (restart === true && !isNamed)
        problems.push(`${where}.unit: required with restart. Name the systemd service that runs Alpa.`);
    if (restart === false && isNamed)
        problems.push(
            `${where}.unit: only valid with restart true (got restart false). Remove it, or set restart to true.`,
        );
    return [...problems, ...watchdogProblems(where, watchdog, answerSeconds)];
}

/**
 * Checks the hosts of the watchdog against the Alpa services.
 * @param endpoints `host:port` of each Alpa service
 */
export function watchedProblems(watchdog: Sound<ParsedWatchdog> | undefined, endpoints: readonly string[]): string[] {
    const services = endpoints.filter((one) => one.includes(":")).map((one) => one.split(":"));
    if (new Set(services.map(([, port]) => port)).size < 2) return [];
    return (watchdog?.hosts ?? []).flatMap((host, i) => {
        const found = services.filter(([address]) => address === host?.address).length;
        const where = `alpa.watchdog.hosts[${i}].address`;
        if (host?.address === undefined || found === 1) return [];
        return found === 0
            ? [
                  `${where}: must be the host of one of alpa.endpoints, which names the port to watch (got ${host.address}). Write the host as in alpa.endpoints.`,
              ]
            : [
                  `${where}: must run only one Alpa service (got ${host.address}, which has ${found} of alpa.endpoints). A watchdog watches one port: remove this host.`,
              ];
    });
}

/** Warns when there are fewer watchdog hosts than Alpa services. */
export function watchdogWarnings(watchdog: ParsedWatchdog | undefined, endpoints: readonly string[]): string[] {
    if (watchdog?.enabled !== true || watchdog.hosts.length >= endpoints.length) return [];
    return [
        `alpa.watchdog.hosts: ${watchdog.hosts.length} of ${endpoints.length} services of alpa.endpoints have a watchdog. Add the hosts of the other services.`,
    ];
}

/**
 * Converts checked values into settings of the component.
 * @param endpoints `host:port` of each Alpa service
 * @param answerSeconds longest time that callers wait for one answer, in seconds
 * @returns undefined without a watchdog
 */
export function alpaWatchdogSettings(
    watchdog: ParsedWatchdog | undefined,
    endpoints: string[],
    answerSeconds: number,
    model: string,
): AlpaWatchdogArgs | undefined {
    const limits = progressLimits(watchdog, answerSeconds);
    if (watchdog === undefined || limits === undefined) return undefined;
    const { hosts, restart, unit, restartPauseSeconds: pauseSeconds } = watchdog;
    const portOf = (address: string) =>
        Number((endpoints.find((one) => one.split(":")[0] === address) ?? endpoints[0]).split(":")[1]);
    return {
        hosts: hosts.map((host) => ({
            host: sshHostOf(host),
            watchdog: {
                ...limits,
                ...{ port: portOf(host.address), model },
                ...(restart ? { restart: { unit: unit!, pauseSeconds } } : {}),
            },
        })),
    };
}
