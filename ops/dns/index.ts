import type { Noun } from "../arguments";
import { command as importCommand } from "./import";

export const dns: Noun = {
    name: "dns",
    description: "Import the DNS zone of option cloudflare",
    commands: [importCommand],
};
