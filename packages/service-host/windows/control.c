/* carestream-service install | uninstall | start | stop | status, for whoever does without the MSI and for whoever looks. */
#include "service.h"

#include <shellapi.h>
#include <shlobj.h>
#include <stdio.h>

/* As the Linux Standard Base numbers them for `status`. */
enum { EXIT_RUNNING = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_STOPPED = 3, EXIT_UNKNOWN = 4 };

static const wchar_t usage[] =
    L"carestream-service install [--data-dir FOLDER] [--account NAME] [-- WORDS FOR THE SUPERVISOR]\n"
    L"                                  a password is read from standard input; installed again, it keeps its account\n"
    L"carestream-service uninstall | start | stop | status\n";

static int say(const wchar_t *text, int code)
{
    DWORD written;
    HANDLE output = GetStdHandle(code == EXIT_FAILED || code == EXIT_USAGE ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
    char bytes[4096];
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    if (!WriteConsoleW(output, text, (DWORD)wcslen(text), &written, NULL) && length > 1)
        WriteFile(output, bytes, (DWORD)length - 1, &written, NULL);
    return code;
}

static int sayFailure(const Failure *failure)
{
    wchar_t text[2048], reason[512] = L"";
    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, failure->number, 0, reason, ARRAYSIZE(reason), NULL);
    swprintf(text, ARRAYSIZE(text), L"%ls\nWindows error %lu: %ls%ls", failure->text, failure->number, reason,
             failure->number == ERROR_ACCESS_DENIED ? L"Run this as administrator.\n" : L"\n");
    return say(text, EXIT_FAILED);
}

static void withoutEnd(wchar_t *folder)
{
    for (size_t length = wcslen(folder); length > 3 && folder[length - 1] == L'\\'; length -= 1)
        folder[length - 1] = 0;
}

static BOOL findFolders(Folders *folders, const wchar_t *data)
{
    DWORD length = GetModuleFileNameW(NULL, folders->install, LONG_PATH);
    wchar_t *slash = wcsrchr(folders->install, L'\\');
    if (length == 0 || length >= LONG_PATH || !slash)
        return FALSE;
    *slash = 0;
    if (data) {
        length = GetFullPathNameW(data, LONG_PATH, folders->data, NULL);
        withoutEnd(folders->data);
        return length > 0 && length < LONG_PATH && !wcschr(folders->data, L'"');
    }
    wchar_t programData[MAX_PATH];
    if (SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, 0, programData) != S_OK)
        return FALSE;
    swprintf(folders->data, LONG_PATH, L"%ls\\Flynotes\\Agent", programData);
    return TRUE;
}

/* One line from standard input, unseen; never from the command line, which every user of the machine can read. */
static BOOL readPassword(wchar_t *password, DWORD most)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode = 0, read = 0;
    if (GetConsoleMode(input, &mode)) {
        say(L"Password: ", EXIT_RUNNING);
        SetConsoleMode(input, (mode | ENABLE_LINE_INPUT) & ~(DWORD)ENABLE_ECHO_INPUT);
        BOOL done = ReadConsoleW(input, password, most - 1, &read, NULL);
        SetConsoleMode(input, mode);
        say(L"\n", EXIT_RUNNING);
        password[done ? read : 0] = 0;
    } else {
        char bytes[1024];
        DWORD count = 0;
        while (count < sizeof bytes && ReadFile(input, bytes + count, 1, &read, NULL) && read == 1 && bytes[count] != '\n')
            count += 1;
        password[MultiByteToWideChar(CP_UTF8, 0, bytes, (int)count, password, (int)most - 1)] = 0;
        SecureZeroMemory(bytes, sizeof bytes);
    }
    password[wcscspn(password, L"\r\n")] = 0;
    return password[0] != 0;
}

static int install(const Folders *folders, const wchar_t *account)
{
    Failure failure = {0};
    wchar_t password[512] = L"";
    if (account && !_wcsicmp(account, L"LocalSystem"))
        return say(L"LocalSystem is not taken: it may do everything, on the SQL Server too. Leave --account out, or name another.\n",
                   EXIT_USAGE);
    const BOOL hasPassword = account && !isVirtualAccount(account) && wcsncmp(account, L"NT AUTHORITY\\", 13) != 0 &&
                             account[wcslen(account) - 1] != L'$' && readPassword(password, ARRAYSIZE(password));
    BOOL done = prepareDataFolder(folders->data, account, &failure) &&
                registerService(folders, account, hasPassword ? password : NULL, &failure);
    SecureZeroMemory(password, sizeof password);
    if (!done)
        return sayFailure(&failure);
    wchar_t text[2 * LONG_PATH];
    swprintf(text, ARRAYSIZE(text), L"Installed. Write %ls\\config.json, then: carestream-service start\n", folders->data);
    return say(text, EXIT_RUNNING);
}

static int showStatus(void)
{
    static const wchar_t *const names[] = {L"unknown", L"stopped", L"starting", L"stopping", L"running", L"continuing", L"pausing", L"paused"};
    static BYTE buffer[8192];
    wchar_t text[4 * LONG_PATH];
    SERVICE_STATUS_PROCESS status = {0};
    DWORD needed;
    QUERY_SERVICE_CONFIGW *config = (QUERY_SERVICE_CONFIGW *)(void *)buffer;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG) : NULL;
    if (!service)
        return say(L"not installed\n", EXIT_UNKNOWN);
    QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &needed);
    const BOOL known = QueryServiceConfigW(service, config, sizeof buffer, &needed);
    CloseServiceHandle(service);
    CloseServiceHandle(manager);
    const DWORD state = status.dwCurrentState < ARRAYSIZE(names) ? status.dwCurrentState : 0;
    swprintf(text, ARRAYSIZE(text), L"%ls, process %lu\naccount %ls\ncommand %ls\n", names[state], status.dwProcessId,
             known && config->lpServiceStartName ? config->lpServiceStartName : L"?", known ? config->lpBinaryPathName : L"?");
    return say(text, state == SERVICE_RUNNING ? EXIT_RUNNING : EXIT_STOPPED);
}

/* Quoted anew; a quotation mark within is not taken. */
static BOOL addWord(wchar_t *words, const wchar_t *word)
{
    const size_t used = wcslen(words), length = wcslen(word);
    if (used + length + 4 > LONG_PATH || wcschr(word, L'"') || (length > 0 && word[length - 1] == L'\\'))
        return FALSE;
    swprintf(words + used, LONG_PATH - used, L" \"%ls\"", word);
    return TRUE;
}

int wmain(int count, wchar_t **words)
{
    Folders folders = {0};
    Failure failure = {0};
    const wchar_t *data = NULL, *account = NULL, *verb = count > 1 ? words[1] : L"";
    for (int each = 2; each < count; each += 2) {
        if (!wcscmp(words[each], L"--")) {
            while (++each < count)
                if (!addWord(folders.words, words[each]))
                    return say(usage, EXIT_USAGE);
            break;
        }
        const wchar_t *value = each + 1 < count && words[each + 1][0] ? words[each + 1] : NULL;
        if (value && !wcscmp(words[each], L"--data-dir"))
            data = value;
        else if (value && !wcscmp(words[each], L"--account") && !wcscmp(verb, L"install"))
            account = value;
        else
            return say(usage, EXIT_USAGE);
    }
    if (!findFolders(&folders, data))
        return say(L"That folder cannot be used.\n", EXIT_USAGE);
    if (!wcscmp(verb, L"run")) {
        DWORD refused = runService(&folders);
        return refused == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT
                   ? say(L"Only Windows' service control manager runs this: carestream-service start\n", EXIT_USAGE)
                   : (int)refused;
    }
    if (!wcscmp(verb, L"install"))
        return install(&folders, account);
    if (!wcscmp(verb, L"status"))
        return showStatus();
    if (!wcscmp(verb, L"start"))
        return startRegisteredService(&failure) ? say(L"running\n", EXIT_RUNNING) : sayFailure(&failure);
    if (!wcscmp(verb, L"stop"))
        return stopRegisteredService(NULL, &failure) ? say(L"stopped\n", EXIT_RUNNING) : sayFailure(&failure);
    if (!wcscmp(verb, L"uninstall"))
        return stopRegisteredService(NULL, &failure) && unregisterService(&failure)
                   ? say(L"Uninstalled. The data folder is kept.\n", EXIT_RUNNING)
                   : sayFailure(&failure);
    return say(usage, EXIT_USAGE);
}
