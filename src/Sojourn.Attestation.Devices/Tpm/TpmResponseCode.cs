namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>TPM_RC in words (TPM 2.0 Library, part 2, 6.6).</summary>
internal static class TpmResponseCode
{
    public const uint Success = 0;
    public const uint Initialize = 0x100;
    public const uint Yielded = 0x908;
    public const uint Canceled = 0x909;
    public const uint Testing = 0x90A;
    public const uint Retry = 0x922;
    public const uint NvRate = 0x920;
    public const uint NvUnavailable = 0x923;
    public const uint HandleMask = 0x18B;

    private static readonly Dictionary<uint, string> Format0 = new()
    {
        [0x100] = "TPM_RC_INITIALIZE: not started, or started already",
        [0x101] = "TPM_RC_FAILURE: the TPM is in failure mode; restart the machine",
        [0x103] = "TPM_RC_SEQUENCE",
        [0x10B] = "TPM_RC_PRIVATE",
        [0x119] = "TPM_RC_HMAC",
        [0x120] = "TPM_RC_DISABLED: the command is disabled",
        [0x121] = "TPM_RC_EXCLUSIVE: an exclusive session is open",
        [0x124] = "TPM_RC_AUTH_TYPE",
        [0x125] = "TPM_RC_AUTH_MISSING: an authorization is missing",
        [0x126] = "TPM_RC_POLICY",
        [0x127] = "TPM_RC_PCR",
        [0x128] = "TPM_RC_PCR_CHANGED: a PCR changed since the policy was checked",
        [0x12D] = "TPM_RC_UPGRADE: the TPM is in field-upgrade mode",
        [0x12E] = "TPM_RC_TOO_MANY_CONTEXTS",
        [0x12F] = "TPM_RC_AUTH_UNAVAILABLE",
        [0x130] = "TPM_RC_REBOOT: restart the machine",
        [0x131] = "TPM_RC_UNBALANCED",
        [0x142] = "TPM_RC_COMMAND_SIZE",
        [0x143] = "TPM_RC_COMMAND_CODE: the command is not implemented",
        [0x144] = "TPM_RC_AUTHSIZE",
        [0x145] = "TPM_RC_AUTH_CONTEXT",
        [0x146] = "TPM_RC_NV_RANGE",
        [0x147] = "TPM_RC_NV_SIZE",
        [0x148] = "TPM_RC_NV_LOCKED: the NV index is locked",
        [0x149] = "TPM_RC_NV_AUTHORIZATION",
        [0x14A] = "TPM_RC_NV_UNINITIALIZED: the NV index was never written",
        [0x14B] = "TPM_RC_NV_SPACE: no NV space is left",
        [0x14C] = "TPM_RC_NV_DEFINED: the NV index exists already",
        [0x150] = "TPM_RC_BAD_CONTEXT",
        [0x151] = "TPM_RC_CPHASH",
        [0x152] = "TPM_RC_PARENT",
        [0x153] = "TPM_RC_NEEDS_TEST",
        [0x154] = "TPM_RC_NO_RESULT",
        [0x155] = "TPM_RC_SENSITIVE",
        [0x901] = "TPM_RC_CONTEXT_GAP",
        [0x902] = "TPM_RC_OBJECT_MEMORY: no room for another object; something left keys loaded (tpm2_flushcontext -t)",
        [0x903] = "TPM_RC_SESSION_MEMORY: no room for another session (tpm2_flushcontext -l)",
        [0x904] = "TPM_RC_MEMORY",
        [0x905] = "TPM_RC_SESSION_HANDLES",
        [0x906] = "TPM_RC_OBJECT_HANDLES",
        [0x907] = "TPM_RC_LOCALITY",
        [0x908] = "TPM_RC_YIELDED",
        [0x909] = "TPM_RC_CANCELED: the command was cancelled",
        [0x90A] = "TPM_RC_TESTING: self-tests are running",
        [0x910] = "TPM_RC_REFERENCE_H0: a handle names nothing that is loaded",
        [0x918] = "TPM_RC_REFERENCE_S0: a session handle names nothing",
        [0x920] = "TPM_RC_NV_RATE: NV is written too often",
        [0x921] = "TPM_RC_LOCKOUT: too many failed authorizations; wait",
        [0x922] = "TPM_RC_RETRY",
        [0x923] = "TPM_RC_NV_UNAVAILABLE",
    };

    private static readonly string[] Format1 =
    [
        "", "ASYMMETRIC", "ATTRIBUTES", "HASH", "VALUE", "HIERARCHY", "", "KEY_SIZE", "MGF", "MODE", "TYPE", "HANDLE", "KDF", "RANGE", "AUTH_FAIL: wrong authorization", "NONCE", "PP", "",
        "SCHEME", "", "", "SIZE", "SYMMETRIC", "TAG", "SELECTOR", "", "INSUFFICIENT", "SIGNATURE", "KEY", "POLICY_FAIL: the policy does not hold", "", "INTEGRITY", "TICKET",
        "RESERVED_BITS", "BAD_AUTH", "EXPIRED", "POLICY_CC", "BINDING", "CURVE", "ECC_POINT",
    ];

    /// <summary>Whether the same command may be sent again as it is.</summary>
    public static bool MayRetry(uint code) => code is Yielded or Testing or Retry or NvRate or NvUnavailable;

    public static string Words(uint code)
    {
        if (code == Success)
        {
            return "TPM_RC_SUCCESS";
        }

        if ((code & 0x80) != 0)
        {
            var number = (int)(code & 0x3F);
            var name = number < Format1.Length && Format1[number].Length > 0 ? Format1[number] : $"format-one code {number:x2}h";
            var index = (code >> 8) & 0xF;
            var where = (code & 0x40) != 0 ? $"parameter {index}" : (index & 8) != 0 ? $"session {index & 7}" : $"handle {index}";
            return $"TPM_RC_{name} ({where}, {code:x3}h)";
        }

        if (Format0.TryGetValue(code, out var words))
        {
            return $"{words} ({code:x3}h)";
        }

        return (code & 0xF0F0) switch
        {
            0x0910 => $"TPM_RC_REFERENCE ({code:x3}h): a handle or session names nothing",
            _ when (code & 0x100) == 0 => $"a TPM 1.2 code ({code:x3}h): this is not a TPM 2.0, or not one at all",
            _ when (code & 0x400) != 0 => $"a vendor's code ({code:x3}h)",
            _ when (code & 0x800) != 0 => $"a warning that is not known ({code:x3}h)",
            _ => $"an error that is not known ({code:x3}h)",
        };
    }
}
