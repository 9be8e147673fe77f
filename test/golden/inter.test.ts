// Golden files of option inter: for each installer, what differs from option intra-a and what is new; and its exposure
// through Cloudflare. Never the only proof of anything. Renew them with: npm run golden
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as prettier from "prettier";
import { Document, visit } from "yaml";
import { inputsOf, type Seen } from "../kit";
import { exposedInterSettings, INTER_INSTALLERS, interSettings, recordInter } from "../unit/inter";
