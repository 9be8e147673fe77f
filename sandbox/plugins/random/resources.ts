import { bytes, id, uuid } from "./bytes";
import type { ResourceType } from "./resource-type";
import { password, string } from "./texts";

/** The emulated resources, by type. */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
    "random:index/randomPassword:RandomPassword": password,
    "random:index/randomString:RandomString": string,
    "random:index/randomId:RandomId": id,
    "random:index/randomBytes:RandomBytes": bytes,
    "random:index/randomUuid:RandomUuid": uuid,
};
