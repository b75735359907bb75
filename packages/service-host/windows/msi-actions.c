/*
 * The installer's own actions, as a library inside the MSI: what its tables cannot say. The properties of a silent install reach
 * `Configure` in memory and the settings' writer through a pipe; no secret stands on a command line, and the MSI's log hides
 * them (MsiHiddenProperties).
 */
#include "service.h"

#include <msi.h>
#include <msiquery.h>
#include <stdio.h>
#include <wchar.h>

enum { DATA_MOST = 16384, VALUE_MOST = 6000, SETTINGS_WITHIN_MS = 120 * 1000 };

/* For the settings' writer; DATADIR is added. Their names are those of the MSI's properties. */
static const wchar_t *const settings[] = {L"LICENCEKEY", L"FLYNOTESURL", L"ROLLBARTOKEN", L"R4DATABASE"};

static UINT refuse(MSIHANDLE session, const Failure *failure)
{
    wchar_t text[2048], number[64] = L"";
    MSIHANDLE record = MsiCreateRecord(1);
    if (failure->number)
        swprintf(number, ARRAYSIZE(number), L" (Windows error %lu)", failure->number);
    swprintf(text, ARRAYSIZE(text), L"%ls%ls", failure->text, number);
    MsiRecordSetStringW(record, 0, L"[1]");
    MsiRecordSetStringW(record, 1, text);
    MsiProcessMessage(session, INSTALLMESSAGE_ERROR, record);
    MsiCloseHandle(record);
    return ERROR_INSTALL_FAILURE;
}

/* The value of `name` in lines of NAME=value; empty when it is not there. */
static void valueOf(const wchar_t *lines, const wchar_t *name, wchar_t *value, size_t most)
{
    const size_t length = wcslen(name);
    value[0] = 0;
    for (const wchar_t *line = lines; line && *line; line = wcschr(line, L'\n'), line = line ? line + 1 : NULL) {
        if (wcsncmp(line, name, length) || line[length] != L'=')
            continue;
        const wchar_t *from = line + length + 1;
        size_t count = wcscspn(from, L"\n");
        count = count < most ? count : most - 1;
        wmemcpy(value, from, count);
        value[count] = 0;
        return;
    }
}

static BOOL addLine(wchar_t *lines, const wchar_t *name, const wchar_t *value, Failure *failure)
{
    for (const wchar_t *each = value; *each; each += 1)
        if (*each < 32 || *each == 127)
            return fail(failure, 0, L"The property %ls holds a control character.", name);
    const size_t used = wcslen(lines);
    if (used + wcslen(name) + wcslen(value) + 3 > DATA_MOST)
        return fail(failure, 0, L"The property %ls is too long.", name);
    swprintf(lines + used, DATA_MOST - used, L"%ls=%ls\n", name, value);
    return TRUE;
}

static BOOL addProperty(MSIHANDLE session, wchar_t *lines, const wchar_t *name, Failure *failure)
{
    wchar_t value[VALUE_MOST];
    DWORD length = ARRAYSIZE(value);
    if (MsiGetPropertyW(session, name, value, &length))
        return fail(failure, 0, L"The property %ls is too long.", name);
    const BOOL done = addLine(lines, name, value, failure);
    SecureZeroMemory(value, sizeof value);
    return done;
}

/* `name` becomes `.\name`, as services write an account of this machine. Never the system itself: on SQL Server 2008 that is sysadmin. */
static BOOL readAccount(MSIHANDLE session, wchar_t *lines, Failure *failure)
{
    static const wchar_t *const system[] = {L"LocalSystem", L".\\LocalSystem", L"SYSTEM", L"NT AUTHORITY\\SYSTEM", L"S-1-5-18"};
    wchar_t given[512], account[520];
    DWORD length = ARRAYSIZE(given), passwordLength = 0;
    wchar_t none[1] = L"";
    if (MsiGetPropertyW(session, L"SERVICEACCOUNT", given, &length))
        return fail(failure, 0, L"The property SERVICEACCOUNT is too long.");
    for (size_t each = 0; each < ARRAYSIZE(system); each += 1)
        if (!_wcsicmp(given, system[each]))
            return fail(failure, 0, L"SERVICEACCOUNT: the system account is not taken, because it may do everything, on the SQL Server too. "
                                    L"Leave it out for an account of the service's own, or name one that may read R4.");
    const BOOL local = given[0] && !wcschr(given, L'\\') && !wcschr(given, L'@');
    swprintf(account, ARRAYSIZE(account), L"%ls%ls", local ? L".\\" : L"", given);
    /* Only its length is asked for. */
    MsiGetPropertyW(session, L"SERVICEPASSWORD", none, &passwordLength);
    const BOOL hasPassword = passwordLength > 0;
    const BOOL needsPassword = account[0] && !isVirtualAccount(account) && _wcsnicmp(account, L"NT AUTHORITY\\", 13) &&
                               account[wcslen(account) - 1] != L'$';
    if (hasPassword && !account[0])
        return fail(failure, 0, L"SERVICEPASSWORD is given without SERVICEACCOUNT.");
    if (needsPassword && !hasPassword)
        return fail(failure, 0, L"SERVICEACCOUNT needs SERVICEPASSWORD.");
    return addLine(lines, L"SERVICEACCOUNT", account, failure) && addProperty(session, lines, L"SERVICEPASSWORD", failure);
}

static BOOL folderProperty(MSIHANDLE session, const wchar_t *property, wchar_t *folder)
{
    DWORD length = LONG_PATH;
    if (MsiGetPropertyW(session, property, folder, &length))
        return FALSE;
    for (size_t end = wcslen(folder); end > 3 && folder[end - 1] == L'\\'; end -= 1)
        folder[end - 1] = 0;
    return folder[0] != 0;
}

/* Immediate: gathers what the deferred actions need, since those see no properties. */
__declspec(dllexport) UINT __stdcall Prepare(MSIHANDLE session)
{
    static wchar_t lines[DATA_MOST];
    Folders folders = {0};
    Failure failure = {0};
    lines[0] = 0;
    BOOL done = (folderProperty(session, L"INSTALLFOLDER", folders.install) && folderProperty(session, L"DATAFOLDER", folders.data)) ||
                fail(&failure, 0, L"The folders are not known.");
    done = done && addLine(lines, L"INSTALLDIR", folders.install, &failure) && addLine(lines, L"DATADIR", folders.data, &failure);
    for (size_t each = 0; done && each < ARRAYSIZE(settings); each += 1)
        done = addProperty(session, lines, settings[each], &failure);
    done = done && readAccount(session, lines, &failure);
    if (done) {
        MsiSetPropertyW(session, L"Configure", lines);
        swprintf(lines, DATA_MOST, L"INSTALLDIR=%ls\nDATADIR=%ls\nSERVICENEW=%d\nDATANEW=%d\n", folders.install, folders.data,
                 !serviceExists(), GetFileAttributesW(folders.data) == INVALID_FILE_ATTRIBUTES);
        MsiSetPropertyW(session, L"UndoConfigure", lines);
        MsiSetPropertyW(session, L"StopService", lines);
        MsiSetPropertyW(session, L"RemoveService", lines);
        MsiSetPropertyW(session, L"PurgeData", lines);
    }
    SecureZeroMemory(lines, sizeof lines);
    return done ? ERROR_SUCCESS : refuse(session, &failure);
}

/* What `Prepare` left for a deferred action. */
static BOOL readData(MSIHANDLE session, wchar_t *lines, Folders *folders, Failure *failure)
{
    DWORD length = DATA_MOST;
    if (MsiGetPropertyW(session, L"CustomActionData", lines, &length))
        return fail(failure, 0, L"The installer lost its own settings.");
    valueOf(lines, L"INSTALLDIR", folders->install, LONG_PATH);
    valueOf(lines, L"DATADIR", folders->data, LONG_PATH);
    return (folders->install[0] && folders->data[0]) || fail(failure, 0, L"The installer lost its own settings.");
}

static void writeUtf8(HANDLE pipe, const wchar_t *name, const wchar_t *value)
{
    wchar_t line[VALUE_MOST + 64];
    char bytes[3 * VALUE_MOST];
    DWORD written;
    swprintf(line, ARRAYSIZE(line), L"%ls=%ls\n", name, value);
    const int length = WideCharToMultiByte(CP_UTF8, 0, line, -1, bytes, sizeof bytes, NULL, NULL);
    if (length > 1)
        WriteFile(pipe, bytes, (DWORD)length - 1, &written, NULL);
    SecureZeroMemory(line, sizeof line);
    SecureZeroMemory(bytes, sizeof bytes);
}

/* What the settings' writer said, last line: fields and reasons, never a value. */
static void lastWords(HANDLE file, wchar_t *text, int most)
{
    char bytes[1024] = "";
    DWORD read = 0;
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ReadFile(file, bytes, sizeof bytes - 1, &read, NULL);
    text[MultiByteToWideChar(CP_UTF8, 0, bytes, (int)read, text, most - 1)] = 0;
}

/* The genuine node.exe writes config.json; that it runs at all is thereby known before the service is. */
static BOOL writeSettings(const Folders *folders, const wchar_t *lines, Failure *failure)
{
    static wchar_t value[VALUE_MOST];
    wchar_t program[LONG_PATH], command[3 * LONG_PATH], words[LONG_PATH], said[1024] = L"";
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE input;
    DWORD exitCode = STILL_ACTIVE;

    swprintf(program, ARRAYSIZE(program), L"%ls\\node.exe", folders->install);
    swprintf(command, ARRAYSIZE(command), L"\"%ls\" \"%ls\\settings.mjs\"", program, folders->install);
    swprintf(words, ARRAYSIZE(words), L"%ls\\install.log", folders->data);
    if (!CreatePipe(&startup.hStdInput, &input, &inherited, 0))
        return fail(failure, GetLastError(), L"The settings cannot be handed over.");
    SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0);
    startup.hStdOutput = startup.hStdError = CreateFileW(words, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                                         &inherited, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    SetEnvironmentVariableW(L"NODE_OPTIONS", NULL);
    BOOL started = CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, folders->install, &startup, &process);
    const DWORD refused = started ? 0 : GetLastError();
    CloseHandle(startup.hStdInput);
    if (started) {
        writeUtf8(input, L"DATADIR", folders->data);
        for (size_t each = 0; each < ARRAYSIZE(settings); each += 1) {
            valueOf(lines, settings[each], value, ARRAYSIZE(value));
            writeUtf8(input, settings[each], value);
        }
        SecureZeroMemory(value, sizeof value);
    }
    CloseHandle(input);
    if (started) {
        if (WaitForSingleObject(process.hProcess, SETTINGS_WITHIN_MS) == WAIT_TIMEOUT)
            TerminateProcess(process.hProcess, 1);
        WaitForSingleObject(process.hProcess, 5000);
        GetExitCodeProcess(process.hProcess, &exitCode);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
        lastWords(startup.hStdOutput, said, ARRAYSIZE(said));
    }
    CloseHandle(startup.hStdOutput);
    if (!started)
        return fail(failure, refused, L"%ls cannot be run here. Is something, such as an antivirus, in its way?", program);
    if (exitCode)
        return fail(failure, 0, L"%ls", said[0] ? said : L"The settings could not be written.");
    DeleteFileW(words);
    return TRUE;
}

/* Deferred: the data folder with its rights, config.json, the service. */
__declspec(dllexport) UINT __stdcall Configure(MSIHANDLE session)
{
    static wchar_t lines[DATA_MOST];
    wchar_t account[520], password[512];
    Folders folders = {0};
    Failure failure = {0};
    BOOL done = readData(session, lines, &folders, &failure);
    valueOf(lines, L"SERVICEACCOUNT", account, ARRAYSIZE(account));
    valueOf(lines, L"SERVICEPASSWORD", password, ARRAYSIZE(password));
    done = done && prepareDataFolder(folders.data, account[0] ? account : NULL, &failure) && writeSettings(&folders, lines, &failure) &&
           registerService(&folders, account[0] ? account : NULL, password[0] ? password : NULL, &failure);
    SecureZeroMemory(lines, sizeof lines);
    SecureZeroMemory(password, sizeof password);
    return done ? ERROR_SUCCESS : refuse(session, &failure);
}

/* Rollback of `Configure`: what this installation made, and nothing that was there before. */
__declspec(dllexport) UINT __stdcall UndoConfigure(MSIHANDLE session)
{
    static wchar_t lines[DATA_MOST];
    wchar_t is[2];
    Folders folders = {0};
    Failure ignored = {0};
    if (!readData(session, lines, &folders, &ignored))
        return ERROR_SUCCESS;
    valueOf(lines, L"SERVICENEW", is, ARRAYSIZE(is));
    if (is[0] == L'1') {
        stopRegisteredService(folders.install, &ignored);
        unregisterService(&ignored);
    }
    valueOf(lines, L"DATANEW", is, ARRAYSIZE(is));
    if (is[0] == L'1')
        removeDataFolder(folders.data, &ignored);
    return ERROR_SUCCESS;
}

/* Deferred: before any file is touched; a program that runs can be neither replaced nor deleted. */
__declspec(dllexport) UINT __stdcall StopService(MSIHANDLE session)
{
    static wchar_t lines[DATA_MOST];
    Folders folders = {0};
    Failure failure = {0};
    return readData(session, lines, &folders, &failure) && stopRegisteredService(folders.install, &failure) ? ERROR_SUCCESS
                                                                                                            : refuse(session, &failure);
}

/* Deferred: the service runs, or the installation is undone. */
__declspec(dllexport) UINT __stdcall LaunchService(MSIHANDLE session)
{
    Failure failure = {0};
    return startRegisteredService(&failure) ? ERROR_SUCCESS : refuse(session, &failure);
}

/* Rollback of `StopService`: what ran before runs again. */
__declspec(dllexport) UINT __stdcall UndoStop(MSIHANDLE session)
{
    Failure ignored = {0};
    (void)session;
    if (serviceExists())
        startRegisteredService(&ignored);
    return ERROR_SUCCESS;
}

/* Deferred, at an uninstall that is no upgrade. */
__declspec(dllexport) UINT __stdcall RemoveService(MSIHANDLE session)
{
    Failure failure = {0};
    return unregisterService(&failure) ? ERROR_SUCCESS : refuse(session, &failure);
}

/* Deferred, at an uninstall with PURGE=1. */
__declspec(dllexport) UINT __stdcall PurgeData(MSIHANDLE session)
{
    static wchar_t lines[DATA_MOST];
    Folders folders = {0};
    Failure failure = {0};
    return readData(session, lines, &folders, &failure) && removeDataFolder(folders.data, &failure) ? ERROR_SUCCESS
                                                                                                    : refuse(session, &failure);
}
