using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sojourn.Content.Ipfs.Store.FileSystem;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>The pins of a store: one small file per root and name, so that processes need not agree on a list.</summary>
public sealed class PinSet
{
    /// <summary>The longest name, in UTF-8 bytes.</summary>
    public const int NameBytesMax = 255;

    private const int FileBytesMax = 64 << 10;
    private readonly IStoreFileSystem files;
    private readonly StoreLayout layout;
    private readonly StoreLock storeLock;
    private readonly DurableFile durable;

    internal PinSet(IStoreFileSystem files, StoreLayout layout, StoreLock storeLock, DurableFile durable)
    {
        this.files = files;
        this.layout = layout;
        this.storeLock = storeLock;
        this.durable = durable;
    }

    /// <summary>Pins a root. Whether its DAG is whole is not looked at; what another writer has not pinned yet is safe only inside a <see cref="BlockWriter"/>.</summary>
    /// <param name="cid">The root.</param>
    /// <param name="name">A name of at most <see cref="NameBytesMax"/> bytes, or null.</param>
    /// <param name="now">The time to note.</param>
    /// <param name="cancellationToken">Gives up waiting for a running collection.</param>
    public async ValueTask<Pin> AddAsync(Cid cid, string? name, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        using (await storeLock.SharedAsync(cancellationToken).ConfigureAwait(false))
        {
            return AddWhileLocked(cid, name, now);
        }
    }

    /// <summary>Removes one pin.</summary>
    /// <param name="cid">The root.</param>
    /// <param name="name">Its name, or null for the unnamed pin.</param>
    /// <returns>False where there is no such pin.</returns>
    public bool Remove(Cid cid, string? name)
    {
        var path = FileOf(cid, name);
        return Guard(path, () =>
        {
            if (files.Length(path) is null)
            {
                return false;
            }

            files.Delete(path);
            files.SyncFolder(layout.Pins);
            return true;
        });
    }

    /// <summary>The pins of one root.</summary>
    /// <param name="cid">The root.</param>
    public IReadOnlyList<Pin> Of(Cid cid)
    {
        var key = cid.ToVersion1();
        return [.. List().Where(pin => pin.Cid.ToVersion1() == key)];
    }

    /// <summary>All pins, by time.</summary>
    /// <exception cref="StoreException">A pin's file cannot be read: better no collection than one that misses a pin.</exception>
    public IReadOnlyList<Pin> List()
    {
        var pins = new List<Pin>();
        foreach (var name in files.Files(layout.Pins))
        {
            var path = Path.Combine(layout.Pins, name);
            if (Guard(path, () => files.Read(path, FileBytesMax)) is not { } bytes)
            {
                // Removed by another process between the listing and the reading.
                continue;
            }

            pins.Add(Parse(path, bytes));
        }

        pins.Sort((a, b) => a.CreatedAt != b.CreatedAt ? a.CreatedAt.CompareTo(b.CreatedAt) : a.Cid.CompareTo(b.Cid));
        return pins;
    }

    internal Pin AddWhileLocked(Cid cid, string? name, DateTimeOffset now)
    {
        if (name is not null && (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > NameBytesMax))
        {
            throw new ArgumentException($"a pin's name holds 1 to {NameBytesMax} bytes", nameof(name));
        }

        var pin = new Pin(cid, name, now);
        var path = FileOf(cid, name);
        Guard(path, () =>
        {
            files.CreateFolder(layout.Pins);
            durable.Write(path, Encode(pin));
            files.SyncFolder(layout.Pins);
            files.SyncFolder(layout.Root);
            return true;
        });
        return pin;
    }

    private static byte[] Encode(Pin pin)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("cid", pin.Cid.ToString());
            if (pin.Name is not null)
            {
                json.WriteString("name", pin.Name);
            }

            json.WriteString("createdAt", pin.CreatedAt);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static Pin Parse(string path, byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            if (Cid.TryParse(json.RootElement.GetProperty("cid").GetString(), out var cid))
            {
                var name = json.RootElement.TryGetProperty("name", out var named) ? named.GetString() : null;
                return new Pin(cid, name, json.RootElement.GetProperty("createdAt").GetDateTimeOffset());
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StoreException(StoreFault.InputOutput, path, $"the pin {path} cannot be read: {e.Message}", null, e);
        }

        throw new StoreException(StoreFault.InputOutput, path, $"the pin {path} names no CID");
    }

    // Version 0 and 1 of one root are one pin. The name goes in by its hash: it may hold any character.
    private string FileOf(Cid cid, string? name)
    {
        var root = cid.ToVersion1().ToString();
        if (root.Length > 128)
        {
            root = Convert.ToHexStringLower(SHA256.HashData(cid.ToVersion1().Bytes));
        }

        return Path.Combine(layout.Pins, name is null ? root : $"{root}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16))}");
    }

    private static T Guard<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, path);
        }
    }
}
