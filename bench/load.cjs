// Alpa and its callers in a process of their own, so that all CPU time of the other process is the gateway's. Alpa answers at
// once, and each caller sends the next request after each answer, over a kept connection.
const http = require("node:http");

const ANSWER = JSON.stringify({ id: "a", object: "text_completion", choices: [{ text: " the capital" }] });
const BODY = '{"model":"default","prompt":"Paris is","max_tokens":8}';

const alpa = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "Content-Type": "application/json" }).end(ANSWER));
});
alpa.listen(0, "127.0.0.1", () => process.send({ alpa: alpa.address().port }));

/** @returns the status of the answer */
function ask(agent, port, key) {
    return new Promise((resolve, reject) => {
        const headers = { apikey: key, "Content-Type": "application/json", "Content-Length": BODY.length };
        const options = { agent, port, host: "127.0.0.1", method: "POST", path: "/alpa/completions", headers };
        const request = http.request(options, (answer) => {
            answer.resume();
            answer.on("end", () => resolve(answer.statusCode));
        });
        request.on("error", reject);
        request.end(BODY);
    });
}

process.on("message", async ({ port, key, milliseconds, parallel }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: parallel });
    const statuses = {};
    const until = Date.now() + milliseconds;
    const callers = Array.from({ length: parallel }, async () => {
        while (Date.now() < until) {
            const status = await ask(agent, port, key);
            statuses[status] = (statuses[status] ?? 0) + 1;
        }
    });
    await Promise.all(callers);
    agent.destroy();
    process.send({ statuses });
});
