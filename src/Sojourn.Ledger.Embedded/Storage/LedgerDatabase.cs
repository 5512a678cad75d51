using Microsoft.Data.Sqlite;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>The ledger's tables in SQLite: the chain itself, and indexes that can be made from it again.</summary>
/// <remarks>Write-ahead log with full synchronisation: what a commit has acknowledged survives a power cut. One writer; readers open connections of their own.</remarks>
internal sealed class LedgerDatabase : IDisposable
{
    private const int Format = 1;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insertBlock;
    private readonly SqliteCommand _insertLine;
    private readonly SqliteCommand _insertJob;
    private readonly SqliteCommand _insertReceipt;
    private SqliteTransaction? _transaction;

    static LedgerDatabase() => SQLitePCL.Batteries_V2.Init();

    private LedgerDatabase(SqliteConnection connection)
    {
        _connection = connection;
        _insertBlock = Prepare("INSERT INTO block(number, height, header, signature, body, events, first_event) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", 7);
        _insertLine = Prepare("INSERT INTO line(account, position, block) VALUES(?1, ?2, ?3)", 3);
        _insertJob = Prepare("INSERT INTO job(id, block, view) VALUES(?1, ?2, ?3)", 3);
        _insertReceipt = Prepare("INSERT INTO receipt(number, digest) VALUES(?1, ?2)", 2);
    }

    /// <summary>Creates the tables of a new ledger.</summary>
    public static void Create(string path, LedgerGenesis genesis)
    {
        if (File.Exists(path))
        {
            throw new IOException($"'{path}' exists already.");
        }

        using var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE block(number INTEGER PRIMARY KEY, height INTEGER NOT NULL, header BLOB NOT NULL, signature BLOB NOT NULL, body BLOB NOT NULL, events BLOB NOT NULL, first_event INTEGER NOT NULL);
            CREATE INDEX block_event ON block(first_event);
            CREATE TABLE line(account BLOB NOT NULL, position INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY(account, position)) WITHOUT ROWID;
            CREATE TABLE job(id BLOB PRIMARY KEY, block INTEGER NOT NULL, view BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE receipt(number INTEGER PRIMARY KEY, digest BLOB NOT NULL);
            INSERT INTO meta VALUES('format', $format), ('genesis', $genesis);
            """;
        command.Parameters.AddWithValue("$format", BitConverter.GetBytes(Format));
        command.Parameters.AddWithValue("$genesis", GenesisCodec.Encode(genesis));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    /// <summary>Opens a ledger's tables.</summary>
    public static LedgerDatabase Open(string path, bool readOnly = false)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no ledger at '{path}'.", path);
        }

        var connection = Connect(path, readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWrite);
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT value FROM meta WHERE key = 'format'";
            if (command.ExecuteScalar() is not byte[] format || format.Length != 4 || BitConverter.ToInt32(format) != Format)
            {
                throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}' is not a ledger of format {Format}."));
            }

            return new LedgerDatabase(connection);
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}': {exception.Message}"));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The genesis as stored.</summary>
    public LedgerGenesis ReadGenesis()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM meta WHERE key = 'genesis'";
        return command.ExecuteScalar() is byte[] bytes && GenesisCodec.TryDecode(bytes, out var genesis)
            ? genesis!
            : throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, "The genesis cannot be read."));
    }

    /// <summary>The number of the last block; 0 without one.</summary>
    public ulong LastBlock()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT COALESCE(MAX(number), 0) FROM block";
        return (ulong)(long)command.ExecuteScalar()!;
    }

    /// <summary>Blocks in order, from a number on.</summary>
    public IEnumerable<StoredBlock> ReadBlocks(ulong from, ulong max = ulong.MaxValue)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number, header, signature, body, events, first_event FROM block WHERE number >= ?1 ORDER BY number LIMIT ?2";
        command.Parameters.Add(new SqliteParameter("?1", (long)from));
        command.Parameters.Add(new SqliteParameter("?2", max > long.MaxValue ? -1 : (long)max));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var number = (ulong)reader.GetInt64(0);
            var header = reader[1] as byte[] ?? [];
            var decoded = BlockHeader.TryDecode(header, out var read) ? read : null;
            yield return new StoredBlock(number, decoded is null ? null : new Block(decoded, header, reader[2] as byte[] ?? [], reader[3] as byte[] ?? []), reader[4] as byte[] ?? [], (ulong)reader.GetInt64(5));
        }
    }

    /// <summary>The first block that holds events at or after a position; 0 where there is none.</summary>
    public ulong BlockOfEvent(ulong position)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number FROM block WHERE first_event <= ?1 ORDER BY first_event DESC, number DESC LIMIT 1";
        command.Parameters.Add(new SqliteParameter("?1", (long)position));
        return command.ExecuteScalar() is long number ? (ulong)number : 0;
    }

    /// <summary>Writes one block and what is found by it. Nothing is durable before <see cref="Commit"/>.</summary>
    public void Append(Block block, ReadOnlySpan<LedgerEvent> events, ulong firstEvent, IReadOnlyList<(Digest Id, byte[] View)> closed)
    {
        _transaction ??= _connection.BeginTransaction(deferred: true);
        var encoded = new byte[events.Length * EventCodec.Length];
        for (var i = 0; i < events.Length; i++)
        {
            EventCodec.Write(events[i], encoded.AsSpan(i * EventCodec.Length));
        }

        var number = (long)block.Header.Number;
        Execute(_insertBlock, number, (long)block.Header.Height, block.HeaderBytes.ToArray(), block.Signature.ToArray(), block.Body.ToArray(), encoded, (long)firstEvent);
        for (var i = 0; i < events.Length; i++)
        {
            ref readonly var item = ref events[i];
            if (item.Kind == EventKind.Line)
            {
                Execute(_insertLine, item.Account.ToArray(), (long)firstEvent + i, number);
            }
            else if (item.Kind == EventKind.Revealed)
            {
                Execute(_insertReceipt, (long)item.Number, item.Data.ToArray());
            }
        }

        foreach (var (id, view) in closed)
        {
            Execute(_insertJob, id.ToArray(), number, view);
        }
    }

    /// <summary>Makes everything appended durable.</summary>
    public void Commit()
    {
        if (_transaction is { } transaction)
        {
            transaction.Commit();
            transaction.Dispose();
            _transaction = null;
        }
    }

    /// <summary>Forgets what was appended and not committed.</summary>
    public void RollBack()
    {
        try
        {
            _transaction?.Dispose();
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself.
        }

        _transaction = null;
    }

    /// <summary>The positions of an account's lines, newest first, before a position.</summary>
    public List<(ulong Position, ulong Block)> Lines(Address account, ulong before, int max)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT position, block FROM line WHERE account = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3";
        command.Parameters.Add(new SqliteParameter("?1", account.ToArray()));
        command.Parameters.Add(new SqliteParameter("?2", before > long.MaxValue ? long.MaxValue : (long)before));
        command.Parameters.Add(new SqliteParameter("?3", max));
        using var reader = command.ExecuteReader();
        var lines = new List<(ulong, ulong)>();
        while (reader.Read())
        {
            lines.Add(((ulong)reader.GetInt64(0), (ulong)reader.GetInt64(1)));
        }

        return lines;
    }

    /// <summary>A closed job's view, or null.</summary>
    public byte[]? JobViewOf(Digest id)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT view FROM job WHERE id = ?1";
        command.Parameters.Add(new SqliteParameter("?1", id.ToArray()));
        return command.ExecuteScalar() as byte[];
    }

    /// <summary>Receipts' digests in order.</summary>
    public List<Digest> Receipts(ulong from, int max)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT digest FROM receipt WHERE number >= ?1 AND number < ?1 + ?2 ORDER BY number";
        command.Parameters.Add(new SqliteParameter("?1", (long)from));
        command.Parameters.Add(new SqliteParameter("?2", max));
        using var reader = command.ExecuteReader();
        var found = new List<Digest>();
        while (reader.Read())
        {
            found.Add(new Digest((byte[])reader[0]));
        }

        return found;
    }

    /// <summary>Bounds the database's size.</summary>
    public void BoundPages(int pages)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"PRAGMA max_page_count = {pages.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        command.ExecuteNonQuery();
    }

    /// <summary>What SQLite itself finds wrong, or null.</summary>
    public string? IntegrityFault()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(1)";
        var answer = command.ExecuteScalar() as string;
        return answer == "ok" ? null : answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        RollBack();
        _insertBlock.Dispose();
        _insertLine.Dispose();
        _insertJob.Dispose();
        _insertReceipt.Dispose();
        _connection.Dispose();
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = mode == SqliteOpenMode.ReadOnly
                ? "PRAGMA query_only = 1"
                : "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY";
            command.ExecuteNonQuery();
            return connection;
        }
        catch (SqliteException exception) when (mode != SqliteOpenMode.ReadWriteCreate)
        {
            connection.Dispose();
            throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}': {exception.Message}"));
        }
    }

    private SqliteCommand Prepare(string sql, int parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"?{i}" });
        }

        return command;
    }

    private void Execute(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        command.Transaction = _transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        command.ExecuteNonQuery();
    }
}

/// <summary>A block as stored, with the events it caused.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Block">The block; null where its header cannot be read.</param>
/// <param name="Events">Its events as encoded.</param>
/// <param name="FirstEvent">The position of the first.</param>
internal sealed record StoredBlock(ulong Number, Block? Block, byte[] Events, ulong FirstEvent);
