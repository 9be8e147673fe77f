import * as z from "zod";
import { got } from "../../problems";

/** Name of a systemd service. @param example valid name, which the error shows */
export function systemdUnit(example: string) {
    return z.string().refine((name) => /^[A-Za-z0-9:_.@-]{1,240}\.service$/.test(name), {
        error: (i) => `must be the name of a systemd service, for example ${example}${got(i.input)}`,
    });
}
