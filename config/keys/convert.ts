import * as z from "zod";
import { PHASES } from "../../components/opt/conversion-phases";
import { RETRY_AFTER_SECONDS } from "./closed";
import { sshHost } from "./hosts/ssh-host";
import { got } from "../problems";
import { positive, text } from "../values";

/** Default number of minutes for which callers may get 503. */
export const DEFAULT_BUDGET_MINUTES = 60;
/** Default timeouts for stopping and for starting Alpa on a bare-metal host, in seconds. */
export const DEFAULT_HOST_WAITS = { stopTimeoutSeconds: 120, startTimeoutSeconds: 2400 };

/** Key `convert`: the phase of a conversion, and the settings for the conversion and for its rollback. */
export const convert = z
    .strictObject({
        phase: z.enum(PHASES).default("prepare").meta({
            description:
                "Phase of the conversion. Each `pulumi up` moves it by at most one phase; `convert run` sets it.",
            reason: "In this phase bare metal serves the callers.",
        }),
        budgetMinutes: positive("a time in minutes").default(DEFAULT_BUDGET_MINUTES).meta({
            description:
                "Longest time for which callers may get 503 during a conversion, in minutes. The conversion rolls back by itself before that time is over.",
            reason: "One hour is the downtime that the conversion is designed for.",
        }),
        retryAfterSeconds: positive("a time in seconds").default(RETRY_AFTER_SECONDS).meta({
            description:
                "Value of `Retry-After` in the 503 that callers get during a conversion, and with option `intra-b` also while `gateway.closed` is enabled, in seconds.",
            reason: "A client that retries once per minute does not add load.",
        }),
        bareMetal: z
            .strictObject({
                hosts: z
                    .array(sshHost)
                    .min(1, { error: "must name at least one host. The first is the Ray head node" })
                    .describe("Hosts that run Alpa on bare metal. The first is the head node of Ray."),
                unit: z
                    .string()
                    .refine((name) => /^[A-Za-z0-9:_.@-]{1,240}\.service$/.test(name), {
                        error: (i) =>
                            `must be the name of a systemd service, for example alpa-ray.service${got(i.input)}`,
                    })
                    .optional()
                    .meta({
                        description: "systemd service that runs Ray and Alpa, with the same name on every host.",
                        examples: ["alpa-ray.service"],
                        unset: "`commands` start and stop Alpa",
                    }),
                commands: z
                    .strictObject({
                        start: text("a command").meta({
                            description:
                                "Command that starts Ray on each host, and on the first host also Alpa. It must return and leave both running in the background.",
                            examples: ["/opt/alpa/start.sh"],
                        }),
                        stop: text("a command").meta({
                            description: "Command that stops Ray and Alpa.",
                            examples: ["/opt/alpa/stop.sh"],
                        }),
                    })
                    .optional()
                    .describe(
                        "Commands that start and stop Alpa where no systemd service does. They run as root, on one host after the other.",
                    ),
                stopTimeoutSeconds: positive("a time in seconds").default(DEFAULT_HOST_WAITS.stopTimeoutSeconds).meta({
                    description:
                        "Longest wait until a host has stopped Alpa, in seconds. The same limit then applies to the wait until its GPUs are free.",
                    reason: "Two minutes are enough for processes to complete the requests in progress and exit.",
                }),
                startTimeoutSeconds: positive("a time in seconds")
                    .default(DEFAULT_HOST_WAITS.startTimeoutSeconds)
                    .meta({
                        description:
                            "Longest wait until a host has started Ray, in seconds. The same limit then applies to the wait until Alpa answers with its model loaded.",
                        reason: "More than three times the 12 minutes that a start is expected to take.",
                    }),
            })
            .describe(
                "How to stop Alpa on bare metal, and start it again for a rollback: exactly one of `unit` and `commands`.",
            ),
    })
    .describe(
        "The conversion of Alpa from bare metal to the cluster: its phase, and how to start Alpa on bare metal again.",
    );

export type ParsedConvert = z.infer<typeof convert>;
