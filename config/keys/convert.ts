import * as z from "zod";
import { BEFORE, PHASES, TARGET } from "../../components/opt/conversion-phases";
import { sshHost } from "./hosts/ssh-host";
import { matching, positive, text } from "../values";

/** Default minutes for which callers may get 503, and the part of them that a return to bare metal takes. */
export const DEFAULT_MINUTES = { budgetMinutes: 60, returnMinutes: 28 };

const attempt = z
    .strictObject({
        number: positive("a number").meta({ description: "Number of the attempt.", examples: [3] }),
        to: z.enum([BEFORE, TARGET]).meta({ description: "The option that it leads to.", examples: [TARGET] }),
        by: text("a user and host").meta({ description: "User and host that ran it.", examples: ["ada@ops"] }),
        pid: positive("a process id").meta({ description: "Its process on that host.", examples: [4242] }),
        at: text("a time").meta({ description: "When it began.", examples: ["2026-11-30T12:00:00.000Z"] }),
    })
    .describe("The last attempt of a conversion. Written by `convert run` and `convert abort`.");

export const convert = z
    .strictObject({
        phase: z.enum(PHASES).default("prepared").meta({
            description: "Phase of the conversion. Written by `convert run` and `convert abort`.",
            reason: "In this phase bare metal serves the callers.",
        }),
        attempt: attempt.optional().meta({ unset: "the stack was never converted" }),
        budgetMinutes: positive("a time in minutes").default(DEFAULT_MINUTES.budgetMinutes).meta({
            description:
                "Longest time for which callers may get 503 during a conversion, in minutes. The conversion rolls back by itself before that time is over.",
            reason: "One hour is the downtime that the conversion is designed for.",
        }),
        returnMinutes: positive("a time in minutes").default(DEFAULT_MINUTES.returnMinutes).meta({
            description:
                "Part of `budgetMinutes` that is kept for a return to bare metal, in minutes. A conversion that is not complete when only this time is left returns by itself.",
            reason: "A return stops the component after an answer of 10 minutes, and loads the model in 12 minutes.",
        }),
        bareMetal: z
            .strictObject({
                hosts: z
                    .array(sshHost)
                    .min(1, { error: "must name at least one host. The first is the Ray head node." })
                    .describe("Hosts that run Alpa on bare metal. The first is the head node of Ray."),
                unit: matching(
                    /^[A-Za-z0-9:_.@-]{1,240}\.service$/,
                    "be the name of a systemd service, for example alpa-ray.service",
                )
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
            })
            .describe(
                "How to stop Alpa on bare metal, and start it again for a rollback: exactly one of `unit` and `commands`.",
            ),
    })
    .describe(
        "The conversion of Alpa from bare metal to the cluster: its phase, and how to start Alpa on bare metal again.",
    );
