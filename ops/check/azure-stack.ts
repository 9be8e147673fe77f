import { azureSide, type RecordSet } from "../../components/cloudflare/azure-side";
import { azure as schema } from "../../config/keys/exposure/azure-schema";
import { readValue } from "../stack/stack-file";

/**
 * The record sets that a stack file requires. Empty without exposure direct. Also empty for an invalid file, because `pulumi
 * up` reports its problems.
 */
export function stackRecords(text: string): RecordSet[] {
    const parsed = schema.safeParse(readValue(text, "azure"));
    if (!parsed.success || parsed.data === undefined) return [];
    return azureSide(parsed.data, { http: 0 }, 0).dnsRecords;
}
