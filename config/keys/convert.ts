import * as z from "zod";
import { PHASES } from "../../components/opt/conversion-phases";
import { got } from "../problems";
import { sshHost } from "./hosts/ssh-host";
import { positive, text } from "../values";

/** Steps that fall into the time for which callers are refused, in their order. */
export const STEPS_OF_THE_WINDOW = ["drain", "stop", "start", "verify", "switch"] as const;

/** Minutes for which callers may get 503, unless the stack says otherwise. */
export const DEFAULT_BUDGET_MINUTES = 60;
/** Longest waits for a host of bare metal, unless the stack says otherwise, in seconds. */
export const DEFAULT_HOST_WAITS = { stopTimeoutSeconds: 120, startTimeoutSeconds: 2400 };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

const seconds = (step: string) =>
    z
        .number()
        .refine((n) => n >= 0, { error: (i) => `must be a time in seconds of at least 0${got(i.input)}. Correct it` })
        .optional()
        .describe(`Time that step \`${step}\` took when it was last done, in seconds.`);

/** Key `convert`: how far a conversion is, and what it needs for its way there and back. */
export const convert = z
    .strictObject({
        phase: z
            .enum(PHASES)
            .default("prepare")
            .describe("How far the conversion is. One step forward or back at a time: `ops convert` sets it."),
        budgetMinutes: positive("a time in minutes")
            .default(DEFAULT_BUDGET_MINUTES)
            .describe("Longest time for which callers may be refused, in minutes. `ops convert` keeps it."),
        retryAfterSeconds: positive("a time in seconds")
            .default(60)
            .describe("When callers that are refused are told to come back, in seconds."),
        bareMetal: z
            .strictObject({
                hosts: z
                    .array(sshHost)
                    .min(1, { error: "must name at least one host. The first is the head of Ray" })
                    .describe("Hosts that Alpa runs on without the cluster, by SSH. The first is the head of Ray."),
                unit: z
                    .string()
                    .refine((name) => /^[A-Za-z0-9:_.@-]{1,240}\.service$/.test(name), {
                        error: (i) =>
                            `must be the name of a service of systemd, as alpa-ray.service${got(i.input)}. Correct it`,
                    })
                    .optional()
                    .describe("Service of systemd that runs Ray and Alpa, the same on every host."),
                commands: z
                    .strictObject({
                        start: text("a command").describe("Starts Ray, and on the first host Alpa. It must return."),
                        stop: text("a command").describe("Stops them again."),
                    })
                    .optional()
                    .describe("Commands that do so where no service does, as root, on every host in turn."),
                stopTimeoutSeconds: positive("a time in seconds")
                    .default(DEFAULT_HOST_WAITS.stopTimeoutSeconds)
                    .describe("Longest time for a host to stop, and then to have its GPUs free, in seconds."),
                startTimeoutSeconds: positive("a time in seconds")
                    .default(DEFAULT_HOST_WAITS.startTimeoutSeconds)
                    .describe(
                        "Longest time for a host to start, and then for Alpa to answer with its model loaded, in seconds.",
                    ),
            })
            .describe("Alpa without the cluster, and so the way back: exactly one of `unit` and `commands`."),
        measured: z
            .strictObject({
                drain: seconds("drain"),
                stop: seconds("stop"),
                start: seconds("start"),
                verify: seconds("verify"),
                switch: seconds("switch"),
            })
            .optional()
            .describe(
                "What the steps took when they were last done here; those of a rehearsal are of a small model, and are not kept. `ops convert` writes it.",
            ),
        rehearsal: z
            .looseObject({})
            .optional()
            .describe(
                "Keys of the rehearsal's own stack, which override those of this stack. `ops convert rehearse` checks and uses it.",
            ),
        holder: z
            .strictObject({
                name: text("a name").describe("Who runs the conversion."),
                until: z
                    .string()
                    .refine((time) => TIME.test(time) && !Number.isNaN(Date.parse(time)), {
                        error: (i) => `must be a time as 2026-11-30T12:00:00Z${got(i.input)}. Correct it`,
                    })
                    .describe("When that ends, as `2026-11-30T12:00:00Z`; from then on anybody may go on."),
            })
            .optional()
            .describe("Who runs a conversion at present, and keeps others out. `ops convert` writes it."),
    })
    .describe("How far the conversion is, and its way back.");

export type ParsedConvert = z.infer<typeof convert>;
