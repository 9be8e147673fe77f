import type { Noun } from "../arguments";
import { command as importCommand } from "./import";

export const dns: Noun = {
    name: "dns",
    description: "the zone of option cloudflare, and its move",
    commands: [importCommand],
};
