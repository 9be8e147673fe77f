import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
    holdsUnknown,
    parseUrn,
    readValues,
    type Values,
    writeDifferences,
    writeNames,
    writeValues,
    writeWithSecrets,
} from "../protocol";
import { checked, providerService, typeOf } from "../provider";
import { unsupported, unary } from "../serve";
import type { ResourceType } from "./fields";
import { Api } from "./http";
import * as lifecycle from "./lifecycle";
import { LOOKUPS } from "./lookups";
import { RESOURCE_TYPES } from "./resources";
import { difference, preview, problemsOf } from "./state";

/** Version of the SDK whose provider is emulated. */
const VERSION = "6.22.1";

const resourceType = (urn: string): ResourceType => typeOf("cloudflare", RESOURCE_TYPES, urn);

const secretsOf = (type: ResourceType) =>
    Object.entries(type.fields).flatMap(([name, field]) => (field.secret ? [name] : []));

/** Settings in a Configure request, without the prefix `cloudflare:` that their names can have. */
function configuration(request: provider.ConfigureRequest): Values {
    const variables = request.getVariablesMap().toObject() as [string, string][];
    const named = variables.map(([name, value]) => [name.split(":").at(-1) as string, value]);
    return { ...Object.fromEntries(named), ...readValues(request.getArgs()) } as Values;
}

async function readResource(api: Api, request: provider.ReadRequest): Promise<provider.ReadResponse> {
    const type = resourceType(request.getUrn());
    const old = readValues(request.getProperties());
    const isImport = Object.keys(old).length === 0;
    if (isImport && !type.importParts) return unsupported(`Importing ${parseUrn(request.getUrn()).type}`);
    const where = isImport ? lifecycle.importAddress(type.importParts!, request.getId()) : old;
    const state = await lifecycle.read(type, api, where, isImport ? undefined : old);
    if (!state) return new provider.ReadResponse(); // a response without an id: the resource does not exist
    const isInput = ([name]: [string, unknown]) => (type.fields[name]?.kind ?? "computed") !== "computed";
    const inputs = isImport
        ? Object.fromEntries(Object.entries(state).filter(isInput))
        : lifecycle.inputsAfterRead(readValues(request.getInputs()), state);
    return new provider.ReadResponse()
        .setId(String(state.id))
        .setProperties(writeWithSecrets(state, secretsOf(type)))
        .setInputs(writeWithSecrets(inputs, secretsOf(type)));
}

export function cloudflareService(env: NodeJS.ProcessEnv = process.env): grpc.UntypedServiceImplementation {
    let api = new Api({}, env);
    return providerService("cloudflare", VERSION, ["apiToken", "baseUrl"], {
        configure: unary((request: provider.ConfigureRequest) => {
            // Configure sends no request to the API, so an invalid token fails at the first call.
            api = new Api(configuration(request), env);
            return new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true);
        }),
        check: unary((request: provider.CheckRequest) => {
            const { name } = parseUrn(request.getUrn());
            const found = problemsOf(resourceType(request.getUrn()).fields, readValues(request.getNews()));
            return checked(
                request,
                found.map((problem) => `${name}: ${problem}.`),
            );
        }),
        diff: unary((request: provider.DiffRequest) => {
            const type = resourceType(request.getUrn());
            const found = difference(type, readValues(request.getOlds()), readValues(request.getNews()));
            // Pulumi's bridge returns the kind and path of each difference only if this variable is set
            // (pkg/pf/tfbridge/provider_diff.go).
            const { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: detailed = "" } = env;
            return ["1", "true"].includes(detailed.toLowerCase()) ? writeDifferences(found) : writeNames(found);
        }),
        create: unary(async (request: provider.CreateRequest) => {
            const type = resourceType(request.getUrn());
            const inputs = readValues(request.getProperties());
            const response = new provider.CreateResponse();
            if (request.getPreview())
                return response.setProperties(writeWithSecrets(preview(type, inputs), secretsOf(type)));
            const state = await lifecycle.create(type, api, inputs);
            return response.setId(String(state.id)).setProperties(writeWithSecrets(state, secretsOf(type)));
        }),
        read: unary((request: provider.ReadRequest) => readResource(api, request)),
        update: unary(async (request: provider.UpdateRequest) => {
            const type = resourceType(request.getUrn());
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const state = request.getPreview()
                ? preview(type, news, olds)
                : await lifecycle.update(type, api, olds, news);
            return new provider.UpdateResponse().setProperties(writeWithSecrets(state, secretsOf(type)));
        }),
        delete: unary(async (request: provider.DeleteRequest) => {
            await lifecycle.remove(resourceType(request.getUrn()), api, readValues(request.getProperties()));
            return new Empty();
        }),
        invoke: unary(async (request: provider.InvokeRequest) => {
            const lookup = LOOKUPS[request.getTok()];
            if (!lookup) return unsupported(`The function ${request.getTok()}`);
            const args = readValues(request.getArgs());
            if (Object.values(args).some(holdsUnknown)) return new provider.InvokeResponse();
            return new provider.InvokeResponse().setReturn(writeValues(await lookup(api, args)));
        }),
    });
}
