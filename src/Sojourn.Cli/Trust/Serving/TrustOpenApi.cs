namespace Sojourn.Cli.Trust.Serving;

/// <summary>The service's description (OpenAPI 3.1).</summary>
internal static class TrustOpenApi
{
    public const string Document = """
        {
          "openapi": "3.1.0",
          "info": { "title": "Sojourn Trust as a Service", "version": "1", "description": "Verifies evidence of what a machine is and runs (RFC 9334), and signs the result (EAT/EAR)." },
          "paths": {
            "/health": { "get": { "summary": "Whether the service runs", "responses": { "200": { "description": "ok" }, "503": { "description": "The audit log cannot be written, so nothing is judged" } } } },
            "/openapi/v1.json": { "get": { "summary": "This document", "responses": { "200": { "description": "OpenAPI 3.1" } } } },
            "/api/v1/key": { "get": { "summary": "The public key that results are checked with", "responses": { "200": { "description": "SubjectPublicKeyInfo", "content": { "application/x-pem-file": {} } } } } },
            "/api/v1/policy": { "get": { "summary": "The policy that evidence is appraised by", "responses": { "200": { "description": "The policy's canonical text", "content": { "application/json": {} } } } } },
            "/api/v1/prices": { "get": { "summary": "What a verdict costs, and the verifier's key id", "responses": { "200": { "description": "The price list", "content": { "application/json": {} } } } } },
            "/api/v1/challenge": {
              "post": {
                "summary": "Draws a challenge, good for one verdict within five minutes",
                "responses": {
                  "200": { "description": "The challenge", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Challenge" } } } },
                  "429": { "description": "Too many requests" }
                }
              }
            },
            "/api/v1/appraise": {
              "post": {
                "summary": "Verifies and appraises evidence, and signs the result",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Request" } } } },
                "responses": {
                  "200": { "description": "The result, accepted or refused", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Result" } } } },
                  "400": { "$ref": "#/components/responses/Refusal" },
                  "402": { "$ref": "#/components/responses/Refusal" },
                  "408": { "$ref": "#/components/responses/Refusal" },
                  "409": { "$ref": "#/components/responses/Refusal" },
                  "413": { "$ref": "#/components/responses/Refusal" },
                  "415": { "$ref": "#/components/responses/Refusal" },
                  "429": { "description": "Too many requests" },
                  "500": { "$ref": "#/components/responses/Refusal" },
                  "503": { "$ref": "#/components/responses/Refusal" }
                }
              }
            }
          },
          "components": {
            "responses": {
              "Refusal": { "description": "No verdict: a closed reason, words, and what to do. The challenge stays good.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } } }
            },
            "schemas": {
              "Challenge": { "type": "object", "required": ["challenge", "expires"], "properties": { "challenge": { "type": "string", "description": "32 bytes, hexadecimal" }, "expires": { "type": "integer", "description": "Unix seconds" } } },
              "Request": {
                "type": "object", "required": ["evidence"], "additionalProperties": false,
                "properties": {
                  "evidence": { "type": "string", "contentEncoding": "base64", "description": "What 'sojourn trust quote' writes" },
                  "challenge": { "type": "string", "description": "Hexadecimal; drawn at /api/v1/challenge" },
                  "reportData": { "type": "string", "description": "64 bytes, hexadecimal: the digest of a job's binding" },
                  "account": { "type": "string", "description": "The ledger account that pays: 0x and 40 hexadecimal digits" },
                  "authorization": { "type": "string", "description": "r, s, v in hexadecimal: the account's signature (EIP-191) over the lines 'Sojourn: pay for a verdict', 'verifier ID', 'account ADDRESS', 'price N', 'evidence SHA256', 'challenge HEX', joined by line feeds" },
                  "paymentChallenge": { "type": "string", "description": "Hexadecimal; a drawn challenge that the authorization names, needed where reportData is given and a verdict has a price" }
                },
                "oneOf": [{ "required": ["challenge"] }, { "required": ["reportData"] }]
              },
              "Refusal": {
                "type": "object", "required": ["reason", "error", "remedy"],
                "properties": {
                  "reason": { "enum": ["NotJson", "TooLarge", "TooSlow", "NotUnderstood", "EvidenceEncoding", "ChallengeUnknown", "ChallengeUsed", "PaymentNotAuthorised", "PaymentRefused", "Busy", "Internal"] },
                  "error": { "type": "string" },
                  "remedy": { "type": "string" }
                }
              },
              "Result": {
                "type": "object", "required": ["accepted", "status", "reasons", "jwt", "cwt"],
                "properties": {
                  "accepted": { "type": "boolean" },
                  "status": { "enum": ["none", "affirming", "warning", "contraindicated"] },
                  "reasons": { "type": "array", "items": { "type": "object", "properties": { "name": { "type": "string" }, "words": { "type": "string" }, "remedy": { "type": "string" } } } },
                  "jwt": { "type": "string", "description": "EAR as a JWT, ES256" },
                  "cwt": { "type": "string", "contentEncoding": "base64", "description": "EAR as a CWT, COSE_Sign1" }
                }
              }
            }
          }
        }
        """;
}
