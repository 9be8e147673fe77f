import * as z from "zod";
import { got } from "../../problems";

/** Name of a service of systemd. @param example for the error */
export function systemdUnit(example: string) {
    return z.string().refine((name) => /^[A-Za-z0-9:_.@-]{1,240}\.service$/.test(name), {
        error: (i) => `must be the name of a service of systemd, for example ${example}${got(i.input)}`,
    });
}
